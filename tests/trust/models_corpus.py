"""Hostile ONNX models: cut off, forged, reaching for other files, or made to exhaust memory or time.

Each entry says what `netc eval` or `netc predict` must say of the model.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper

from netc.compiler.cli.main import netc

from .foreign import NET, STATUS, Entry, Make, Payload, X, Y, both, file, nothing, npz

EVAL = ("eval", "m.onnx", "--data", "d.npz")
PREDICT = ("predict", "m.onnx", "--data", "d.npz", "-o", "out.npz")


def entry(
    name: str, says: str | None, make: Make, arguments: tuple[str, ...], *, at: str = "m.onnx", large: bool = False
) -> Entry:
    status = 0 if says is None else STATUS.get(says.split(":")[0], 1)
    return Entry(f"model-{name}", says, both(file("d.npz", npz(x=X, y=Y)), make), arguments, at, status, NET, large)


@cache
def exported() -> bytes:
    """The model that netc makes of the net."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "a.net").write_text(NET)
        done = CliRunner().invoke(netc, ["export", f"{name}/a.net", "-o", f"{name}/m.onnx"])
        assert done.exit_code == 0, done.stderr
        return (Path(name) / "m.onnx").read_bytes()


def changed(change: Callable[[Any], object]) -> bytes:
    """That model with something changed."""
    proto = onnx.load_model_from_string(exported())
    change(proto)
    data: bytes = proto.SerializeToString()
    return data


def said(**values: str | None) -> bytes:
    """That model with other metadata; None takes one away."""

    def change(proto: Any) -> None:
        found = {entry.key: entry.value for entry in proto.metadata_props}
        found |= {name.replace("__", "."): value for name, value in values.items() if value is not None}
        gone = {name for name, value in values.items() if value is None}
        del proto.metadata_props[:]
        helper.set_model_props(proto, {name: value for name, value in found.items() if name not in gone})

    return changed(change)


def model(
    nodes: Sequence[Any],
    *,
    initializers: Sequence[Any] = (),
    inputs: Sequence[Any] | None = None,
    outputs: Sequence[Any] | None = None,
    opset: int = 17,
    domains: Mapping[str, int] | None = None,
) -> bytes:
    """A model of these nodes from `x` [N, 3] to `y`."""
    given = [value("x", ("N", 3))] if inputs is None else inputs
    made = [value("y", None)] if outputs is None else outputs
    graph = helper.make_graph(nodes, "g", given, made, initializers)
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(*pair) for pair in (domains or {}).items())]
    data: bytes = helper.make_model(graph, opset_imports=imports, ir_version=8).SerializeToString()
    return data


def value(name: str, shape: Sequence[int | str] | None, type: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, type, shape)


def node(kind: str, ins: Sequence[str], outs: Sequence[str] = ("y",), **attributes: Any) -> Any:
    return helper.make_node(kind, ins, outs, **attributes)


def ints(name: str, *numbers: int) -> Any:
    return numpy_helper.from_array(np.array(numbers, np.int64), name)


def outside(location: str, length: int | None = None, offset: int | None = None, size: int = 3) -> bytes:
    """A model with numbers in another file."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[size], data_location=TensorProto.EXTERNAL)
    entries = {"location": location, "length": length, "offset": offset}
    for key, number in entries.items():
        if number is not None:
            tensor.external_data.add(key=key, value=str(number))
    return model([node("Add", ["x", "w"])], initializers=[tensor])


def _bytes() -> Iterator[tuple[str, bytes]]:
    good = exported()
    yield "empty", b""
    yield "text", b"net a { }\n" * 20
    yield "zeros", bytes(1000)
    yield "noise", bytes((i * 7919 + 31) % 256 for i in range(5000))
    yield "pickle", pickle.dumps(Payload())
    yield "zip", npz(x=X)
    yield "nested", b"\x3a\x80\x80\x04" * 20_000
    yield "length-huge", b"\x3a\xff\xff\xff\xff\x7f" + good
    for place in (1, 10, len(good) // 4, len(good) // 2, len(good) - 100, len(good) - 1):
        yield f"cut-off-{place}", good[:place]
    yield "no-graph", changed(lambda proto: proto.ClearField("graph"))
    yield "opset-999", changed(lambda proto: proto.opset_import[0].__setattr__("version", 999))
    yield "opset-negative", changed(lambda proto: proto.opset_import[0].__setattr__("version", -1))
    yield "ir-version-huge", changed(lambda proto: proto.__setattr__("ir_version", 2**62))
    yield "custom-domain", model([helper.make_node("Run", ["x"], ["y"], domain="evil")], domains={"evil": 1})
    yield "unknown-op", model([node("Execute", ["x"])])
    yield "circle", model([node("Add", ["x", "b"], ["a"]), node("Add", ["a", "a"], ["b"]), node("Relu", ["b"])])
    yield "itself", model([node("Add", ["x", "y"])])
    yield "undefined", model([node("Add", ["x", "z"])])
    yield "made-twice", model([node("Relu", ["x"]), node("Relu", ["x"])])
    yield "never-made", model([node("Relu", ["x"], ["z"])])
    yield "no-outputs", model([node("Relu", ["x"])], outputs=[])
    yield (
        "initializer-short",
        model(
            [node("Add", ["x", "w"])],
            initializers=[TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3], raw_data=b"1234")],
        ),
    )
    for name, dims in {"huge": [2**40], "product": [2**40, 2**40], "negative": [-3]}.items():
        tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims, raw_data=bytes(12))
        yield f"initializer-{name}", model([node("Add", ["x", "w"])], initializers=[tensor])
    yield "type-none", model([node("Relu", ["x"])], inputs=[value("x", ("N", 3), 0)])
    yield "type-99", model([node("Relu", ["x"])], inputs=[value("x", ("N", 3), 99)])


def _external() -> Iterator[tuple[str, str, bytes, Make]]:
    beside = "bad-model: has numbers in "
    yield "up", beside, outside("../../secret"), nothing
    yield "up-hidden", beside, outside("x/../../../secret"), nothing
    yield "absolute", beside, outside("/etc/passwd", 12), nothing
    yield "backslash", beside, outside("..\\..\\secret"), nothing
    yield "url", beside, outside("http://localhost/w"), nothing
    yield "zero", beside, outside("/dev/zero", 12), nothing
    yield "missing", beside, outside("nowhere"), nothing
    yield "empty-name", beside, outside(""), nothing
    yield "itself", beside, outside("."), nothing
    yield "folder", beside, outside("w"), lambda folder: (folder / "w").mkdir()
    yield "fifo", beside, outside("w"), lambda folder: os.mkfifo(folder / "w")
    yield "link-out", beside, outside("w", 12), lambda folder: (folder / "w").symlink_to("../../secret")
    yield "link-loop", beside, outside("w"), lambda folder: (folder / "w").symlink_to("w")
    yield "link-zero", beside, outside("w", 12), lambda folder: (folder / "w").symlink_to("/dev/zero")
    yield "link-folder", beside, outside("d/w", 12), lambda folder: (folder / "d").symlink_to("../..")
    yield "short", beside, outside("w", 12), file("w", b"1234")
    yield "past-end", beside, outside("w", 12, 1000), file("w", bytes(12))
    yield "length-wrong", "bad-model: onnxruntime refuses it", outside("w", 8), file("w", bytes(12))
    yield "length-huge", beside, outside("w", 2**62), file("w", bytes(12))
    yield "offset-negative", beside, outside("w", 12, -12), file("w", bytes(12))
    yield "offset-huge", beside, outside("w", 12, 2**64), file("w", bytes(12))
    yield "huge", "bad-model: onnxruntime refuses it", outside("w", size=2**40), file("w", bytes(12))


def _bombs() -> Iterator[tuple[str, bytes]]:
    """Few bytes that become many numbers."""
    large = ints("s", 1 << 20, 1 << 20)

    def numbers(name: str, *values: float, type: Any = np.float32) -> Any:
        return numpy_helper.from_array(np.array(values, type), name)

    def whole(name: str, number: int) -> Any:
        return numpy_helper.from_array(np.array(number, np.int64), name)

    yield "constant", model([node("ConstantOfShape", ["s"])], initializers=[large])
    nodes = [node("Gather", ["x", "i"], ["z"], axis=1), node("Expand", ["z", "s"])]
    yield "expand", model(nodes, initializers=[large, ints("i", 0)])
    yield "tile", model([node("Tile", ["x", "s"])], initializers=[large])
    bounds = [whole("a", 0), whole("b", 1 << 40), whole("c", 1)]
    yield "range", model([node("Range", ["a", "b", "c"])], initializers=bounds, outputs=[value("y", None, 7)])
    yield "pad", model([node("Pad", ["x", "s"])], initializers=[ints("s", 1 << 20, 1 << 20, 1 << 20, 1 << 20)])
    nodes = [node("Reshape", ["x", "r"], ["z"]), node("Upsample", ["z", "s"])]
    yield "upsample", model(nodes, initializers=[ints("r", 0, 1, 1, 3), numbers("s", 1, 1, 1e5, 1e5)], opset=9)
    nodes = [node("Cast", ["x"], ["i"], to=7), node("OneHot", ["i", "s", "v"])]
    yield "one-hot", model(nodes, initializers=[ints("s", 1 << 40), numbers("v", 0, 1)])


def doubled() -> bytes:
    """A model whose output is 2^40 times its input, which fills all memory that it gets."""
    nodes = [node("Concat", [f"x{i}" if i else "x"] * 2, [f"x{i + 1}"], axis=0) for i in range(40)]
    return model(nodes, outputs=[value("x40", None)])


def _files() -> Iterator[Entry]:
    for name, data in _bytes():
        for command in (EVAL, PREDICT):
            yield entry(f"{name}-{command[0]}", "bad-model: ", file("m.onnx", data), command)
    for name, says, data, make in _external():
        yield entry(f"outside-{name}", says, both(file("m.onnx", data), make), PREDICT)
    yield entry("outside-good", None, both(file("m.onnx", outside("w", 12)), file("w", bytes(12))), PREDICT)
    yield entry("good", None, file("m.onnx", exported()), EVAL)
    yield entry("good-predict", None, file("m.onnx", exported()), PREDICT)
    yield entry("plain", None, file("m.onnx", model([node("Relu", ["x"])])), PREDICT)
    yield entry(
        "plain-eval", "bad-model: does not say which network", file("m.onnx", model([node("Relu", ["x"])])), EVAL
    )


def _told() -> Iterator[Entry]:
    """Models that say that they were made from another network."""
    told: dict[str, tuple[str, bytes]] = {
        "no-spec": ("does not say which network", said(spec=None)),
        "spec-empty": ("a spec with mistakes", said(spec="")),
        "spec-broken": ("a spec with mistakes", said(spec="net a {")),
        "spec-controls": ("a spec that cannot be read: U+001B", said(spec="net a {\x1b[2J}")),
        "spec-bidi": ("a spec that cannot be read: U+202E", said(spec=NET + "# \u202e\n")),
        "spec-mark": ("a spec that cannot be read: U+FEFF", said(spec=NET + "\ufeff")),
        "spec-large": ("a spec that cannot be read", said(spec="# ----\n" * 200_000)),
        "spec-laughs": ("a spec with mistakes", said(spec=NET.replace("fc(4)", "repeat 1000000000 { fc(4) }"))),
        "spec-includes": ("a spec with mistakes", said(spec='use "../secret.net"\n' + NET)),
        "net-other": ("a spec with mistakes", said(spec=NET.replace("small", "large"))),
        "parameter": ("a spec with mistakes", said(parameter__x="9" * 100)),
        "parameter-code": ("a spec with mistakes", said(parameter__x="__import__('os').system('touch pwned')")),
        "input-other": ("its inputs are x", said(spec=NET.replace("input x", "input z"))),
        "input-more": ("a spec with mistakes", said(spec=NET.replace("  target", "  input z: f32[N, 2]\n  target"))),
        "output-other": ("its outputs are ", said(spec=NET.replace("  fc(2)\n", "  z = fc(2)\n  output z\n"))),
        "alphabet": ("has an alphabet that is not one", said(alphabet="aa")),
        "expanded-broken": ("a spec with mistakes", said(expanded="net a {")),
    }
    for name, (words, data) in told.items():
        yield entry(f"told-{name}", f"bad-model: {words}", file("m.onnx", data), EVAL)
    without = said(spec=NET[: NET.index("  train")] + "}\n")
    yield entry("told-without-train", "no-train-block: ", file("m.onnx", without), EVAL, at="")
    more = said(spec=NET.replace("  fc(2)\n", "  fc(3)\n"))
    yield entry("told-output-wider", None, file("m.onnx", more), EVAL)
    labels = both(file("m.onnx", more), file("d.npz", npz(x=X, y=Y + 1)))
    yield entry("told-output-narrower", "bad-model: is [8, 2], which does not go with `y`", labels, EVAL)
    wider = said(spec=NET.replace("[N, 3]", "[N, 4]"))
    yield entry("told-input-wider", "bad-data: is [4] for each sample", file("m.onnx", wider), EVAL, at="d.npz")
    yield entry("told-dim-huge", None, file("m.onnx", said(dim__N="999999999")), EVAL)


def _inputs() -> Iterator[Entry]:
    """Models that take something else."""
    sequence = helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, ["N", 3])

    def takes(type: int, shape: Sequence[int | str] | None = ("N", 3), name: str = "x") -> bytes:
        given, made = value(name, shape, type), value("y", None, type)
        return model([node("Identity", [name])], inputs=[given], outputs=[made])

    kinds: dict[str, tuple[str, str, bytes]] = {
        "sequence": ("bad-model: takes seq(tensor(float)) as `x`", "m.onnx", model(
            [node("SequenceAt", ["x", "i"])], inputs=[sequence], initializers=[ints("i", 0)]
        )),
        "text": ("bad-model: takes tensor(string) as `x`", "m.onnx", takes(TensorProto.STRING)),
        "complex": ("bad-model: ", "m.onnx", takes(TensorProto.COMPLEX64)),
        "int32": ("bad-model: takes tensor(int32) as `x`", "m.onnx", takes(TensorProto.INT32)),
        "scalar": ("bad-data: `x` is [] for each sample", "d.npz", takes(TensorProto.FLOAT, ())),
        "no-shape": ("bad-data: `x` is [] for each sample", "d.npz", takes(TensorProto.FLOAT, None)),
        "batch-of-5": ("bad-model: invalid dimensions", "m.onnx", takes(TensorProto.FLOAT, (5, 3))),
        "empty": ("bad-model: invalid dimensions", "m.onnx", takes(TensorProto.FLOAT, (0, 3))),
        "none": ("bad-model: has no inputs", "m.onnx", model(
            [node("Identity", ["w"])], inputs=[], initializers=[numpy_helper.from_array(X, "w")]
        )),
        "name-empty": ("bad-model: ", "m.onnx", takes(TensorProto.FLOAT, name="")),
    }  # fmt: skip
    for name, (says, at, data) in kinds.items():
        yield entry(f"input-{name}", says, file("m.onnx", data), PREDICT, at=at)
    yield entry("input-negative", None, file("m.onnx", takes(TensorProto.FLOAT, (-5, 3))), PREDICT)
    yield entry("input-half", None, file("m.onnx", takes(TensorProto.FLOAT16)), PREDICT)
    yield entry("input-name-escape", None, file("m.onnx", takes(TensorProto.FLOAT, name="\x1b[2J")), PREDICT)


def _works() -> Iterator[Entry]:
    """Models that take much memory or do not end."""
    for name, data in _bombs():
        yield entry(f"bomb-{name}", "bad-model: ", file("m.onnx", data), PREDICT, large=True)
    body = helper.make_graph(
        [node("Identity", ["c"], ["d"]), node("Identity", ["v"], ["w"])],
        "body",
        [value("i", (), TensorProto.INT64), value("c", (), TensorProto.BOOL), value("v", None)],
        [value("d", (), TensorProto.BOOL), value("w", None)],
    )
    true = numpy_helper.from_array(np.array(True), "c")
    endless = model(
        [node("Loop", ["m", "c", "x"], body=body)],
        initializers=[numpy_helper.from_array(np.array(2**62, np.int64), "m"), true],
    )
    yield entry("endless", "bad-model: has a Loop", file("m.onnx", endless), PREDICT)
    inside = helper.make_graph([node("Identity", ["x"], ["z"])], "then", [], [value("z", None)])
    for _ in range(20):
        branches = {"then_branch": inside, "else_branch": inside}
        inside = helper.make_graph([node("If", ["c"], ["z"], **branches)], "then", [], [value("z", None)])
        if len(inside.SerializeToString()) > 200_000:
            break
    branching = model([node("If", ["c"], then_branch=inside, else_branch=inside)], initializers=[true])
    yield entry("branches", None, file("m.onnx", branching), PREDICT)
    itself = helper.make_function("f", "F", ["a"], ["b"], [helper.make_node("F", ["a"], ["b"], domain="f")], [])
    proto = onnx.load_model_from_string(model([helper.make_node("F", ["x"], ["y"], domain="f")], domains={"f": 1}))
    proto.functions.append(itself)
    calls = file("m.onnx", proto.SerializeToString())
    yield entry("function-of-itself", "bad-model: has 1 functions of its own", calls, PREDICT)


def _places() -> Iterator[Entry]:
    """What stands in the place of a model."""

    def link(target: str) -> Make:
        return lambda folder: (folder / "m.onnx").symlink_to(target)

    places: dict[str, tuple[str, Make]] = {
        "fifo": ("bad-data: is not a regular file", lambda folder: os.mkfifo(folder / "m.onnx")),
        "folder": ("bad-data: is not a regular file", lambda folder: (folder / "m.onnx").mkdir()),
        "zero": ("bad-data: is not a regular file", link("/dev/zero")),
        "loop": ("missing-file: too many levels of symbolic links", link("m.onnx")),
        "missing": ("missing-file: no such file", nothing),
        "secret": ("bad-model: ", link("../../secret")),
    }
    for name, (says, make) in places.items():
        yield entry(f"place-{name}", says, make, EVAL)


ENTRIES = {found.name: found for group in (_files, _told, _inputs, _works, _places) for found in group()}
