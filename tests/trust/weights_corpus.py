"""Hostile weights, checkpoints and run folders: forged, cut off, of other networks, or leading elsewhere.

Each entry says what `netc eval` must say of weights, and `netc train --resume` of a run.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner

from netc.compiler.cli.main import netc

from .data_corpus import Payload, nothing, sparse
from .foreign import NET, Array, Entry, X, Y, both, file, npy, npz

STATUS = {"missing-file": 2, "cannot-write": 2, "folder-in-use": 2, "warning": 0}
Header = dict[str, Any]
Make = Callable[[Path], None]
SHAPES = {"fc1.weight": (4, 3), "fc1.bias": (4,), "fc2.weight": (2, 4), "fc2.bias": (2,)}


def entry(
    name: str, says: str | None, make: Make, *arguments: str, at: str, spec: str = NET, large: bool = False
) -> Entry:
    status = 0 if says is None else STATUS.get(says.split(":")[0], 1)
    return Entry(name, says, both(file("d.npz", npz(x=X, y=Y)), make), arguments, at, status, spec, large)


def arrays() -> dict[str, Array]:
    rng = np.random.default_rng(3)
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}


def described(tensors: Mapping[str, Array]) -> Header:
    """The header of a safetensors file of these tensors."""
    header: Header = {}
    place = 0
    for name, array in tensors.items():
        code = {"float32": "F32", "float64": "F64", "float16": "F16", "int64": "I64", "uint8": "U8"}[array.dtype.name]
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [place, place + array.nbytes]}
        place += array.nbytes
    return header


def packed(header: Header | bytes, data: bytes, size: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return (len(text) if size is None else size).to_bytes(8, "little") + text + data


def numbers(tensors: Mapping[str, Array]) -> bytes:
    return b"".join(array.tobytes() for array in tensors.values())


def weights(other: Mapping[str, Array] | None = None, change: Callable[[Header], object] = len) -> bytes:
    """The weights of the net, some of them others, with a changed header."""
    tensors = arrays() | dict(other or {})
    header = described(tensors)
    change(header)
    return packed(header, numbers(tensors))


def patch(name: str, **values: object) -> Callable[[Header], None]:
    def change(header: Header) -> None:
        header[name].update({key: value for key, value in values.items() if value is not None})
        for key in [key for key, value in values.items() if value is None]:
            del header[name][key]

    return change


def _nested(depth: int) -> bytes:
    return b'{"a":' + b"[" * depth + b"]" * depth + b"}"


def _files() -> Iterator[tuple[str, str | None, bytes]]:
    good, data = weights(), numbers(arrays())
    header = described(arrays())
    text = json.dumps(header).encode()

    def bad(words: str) -> str:
        return f"bad-checkpoint: {words}"

    yield "good", None, good
    yield (
        "doubles",
        None,
        weights({name: array.astype(np.float64) for name, array in arrays().items()}),
    )
    yield "of-a-run", None, run_files()["checkpoints/step-00000004.safetensors"]
    yield "counter-of-pytorch", None, weights({"bn.num_batches_tracked": np.array(5)})
    whole = "is not a whole safetensors file"
    yield "empty", bad(whole), b""
    yield "zeros", bad(whole), bytes(1000)
    yield "short", bad(whole), good[:7]
    yield "length-alone", bad(whole), good[:8]
    for place in (9, 40, len(good) - len(data) - 1):
        yield f"cut-off-{place}", bad(whole), good[:place]
    for place in (len(good) - len(data), len(good) - 5, len(good) - 1):
        yield f"cut-off-{place}", bad("is cut off"), good[:place]
    yield "trailing", bad("is longer than its tensors"), good + b"\0"
    yield "twice-over", bad("is longer than its tensors"), good + good
    yield "header-2e63", bad(whole), packed(text, data, 1 << 63)
    yield "header-too-long", bad(whole), packed(text, data, len(text) + len(data) + 1)
    yield "header-too-short", bad("a header that is not JSON"), packed(text, data, len(text) - 1)
    yield "header-of-zeros", bad(whole), packed(bytes(64), data)
    yield "header-list", bad(whole), packed(b"[1,2,3]", data)
    yield "header-null", bad(whole), packed(b"null    ", data)
    yield "header-broken", bad("of brackets"), packed(b"{{{{", data)
    yield "header-latin-1", bad("a header that is not JSON"), packed(b'{"\xe9":1}', data)
    yield "header-comments", bad("a header that is not JSON"), packed(b"{/* */}", data)
    yield "header-twice", bad("names a tensor twice"), packed(text[:-1] + b"," + text[1:], data)
    yield "header-digits", bad("a header that is not JSON"), packed(b'{"a":' + b"9" * 10_000 + b"}", data)
    yield "header-nested", bad("of brackets"), packed(_nested(50_000), data)
    yield "header-nested-2", bad("a header that is not JSON"), packed(_nested(3000)[:-1] + b" " * 200_000 + b"}", data)
    yield "header-empty", bad("is longer than its tensors"), packed(b"{}", data)
    yield "no-tensors", "other-network: there is no parameter `fc1.weight` in it", packed(b"{}", b"")
    yield "null", bad("`fc1.weight` that cannot be read"), weights(change=lambda h: h.update({"fc1.weight": None}))
    yield "number", bad("`fc1.weight` that cannot be read"), weights(change=lambda h: h.update({"fc1.weight": 7}))
    for key in ("dtype", "shape", "data_offsets"):
        yield f"no-{key}", bad("`fc1.weight` that cannot be read"), weights(change=patch("fc1.weight", **{key: None}))
    yield "dtype-unknown", bad("cannot be read"), weights(change=patch("fc1.weight", dtype="F33"))
    yield "dtype-list", bad("cannot be read"), weights(change=patch("fc1.weight", dtype=["F32"]))
    for code in ("F16", "BF16", "F8_E4M3", "I32", "BOOL"):
        yield f"dtype-{code}", bad(f"`fc1.weight` of {code}"), weights(change=patch("fc1.weight", dtype=code))
    yield "dtype-wider", bad("shape does not fit its bytes"), weights(change=patch("fc1.weight", dtype="F64"))
    for name, shape in {
        "text": "43",
        "object": {},
        "floats": [4.0, 3.0],
        "truths": [True, 12],
        "negative": [-4, -3],
        "wrong": [4, 4],
        "huge": [2**62, 2**62],
        "digits": [10**400, 3],
        "rank-40": [1] * 38 + [4, 3],
        "null": [None, 3],
    }.items():
        yield f"shape-{name}", bad("shape does not fit its bytes"), weights(change=patch("fc1.weight", shape=shape))
    for name, no_pair in {"none": [], "three": [0, 24, 48], "text": "048", "object": {"0": 48}}.items():
        yield f"offsets-{name}", bad("cannot be read"), weights(change=patch("fc1.weight", data_offsets=no_pair))
    for name, offsets in {
        "negative": [-48, 0],
        "turned": [48, 0],
        "floats": [0.0, 48.0],
        "huge": [2**70, 2**70 + 48],
        "short": [0, 47],
    }.items():
        words = "is cut off" if name == "huge" else "does not fit its bytes"
        yield f"offsets-{name}", bad(words), weights(change=patch("fc1.weight", data_offsets=offsets))
    yield "overlap", bad("overlap, or gaps"), weights(change=patch("fc2.weight", data_offsets=[0, 32]))
    yield "overlap-by-1", bad("overlap, or gaps"), weights(change=patch("fc2.weight", data_offsets=[63, 95]))
    yield "gap", bad("overlap, or gaps"), weights(change=lambda h: h.pop("fc1.bias"))
    yield "gap-at-start", bad("overlap, or gaps"), weights(change=lambda h: h.pop("fc1.weight"))
    yield "all-the-same", bad("overlap, or gaps"), packed({f"w{i}": header["fc1.bias"] for i in range(1000)}, data)
    for name, value in {"list": [], "number": 1, "null": None, "text": "x"}.items():
        words = "metadata that are not texts by name"
        yield f"metadata-{name}", bad(words), weights(change=lambda h, value=value: h.update(__metadata__=value))  # type: ignore[misc]
    yield (
        "metadata-other",
        None,
        weights(change=lambda h: h.update(__metadata__={"format": "pt", "x": [{}], "sha256": "0"})),
    )
    for name, alphabet in {"repeated": "abca", "empty": "", "list": ["a"], "number": 7}.items():
        change = lambda h, alphabet=alphabet: h.update(__metadata__={"alphabet": alphabet})  # noqa: E731
        yield f"alphabet-{name}", bad("an alphabet that is not one"), weights(change=change)
    yield "alphabet-surrogates", None, weights(change=lambda h: h.update(__metadata__={"alphabet": "\ud800\udfff"}))
    other = "other-network: "
    yield (
        "missing",
        other + "there is no parameter `fc2.bias` in it",
        packed(described({name: array for name, array in arrays().items() if name != "fc2.bias"}), data[:-8]),
    )
    yield "one-more", other + "there is no parameter `fc3.bias` here", weights({"fc3.bias": np.ones(4, np.float32)})
    yield (
        "turned",
        other + "`fc1.weight` is [4, 3] here, [3, 4] in it",
        weights({"fc1.weight": arrays()["fc1.weight"].T.copy()}),
    )
    yield (
        "flat",
        other + "`fc1.weight` is [4, 3] here, [12] in it",
        weights({"fc1.weight": arrays()["fc1.weight"].ravel()}),
    )
    yield "name-long", other + "there is no parameter", weights({"y" * 60_000: np.ones(1, np.float32)})
    yield (
        "name-escape",
        other + "there is no parameter `\\x1b[2J\\n::error::` here",
        weights({"\x1b[2J\n::error::": np.ones(1)}),
    )
    yield "name-empty", other + "there is no parameter `` here", weights({"": np.ones(1)})
    for name, number in {"nan": np.nan, "infinite": -np.inf}.items():
        wrong = np.full((2, 4), number, np.float32)
        yield name, "not-finite: `fc2.weight` has numbers that are not finite", weights({"fc2.weight": wrong})
    yield (
        "too-large",
        "not-finite: `fc2.bias` has numbers that are not finite in float32",
        weights({"fc2.bias": np.full(2, 1e300)}),
    )
    yield "torch-zip", bad("is an archive, such as `torch.save` makes"), npz([("w/data.pkl", pickle.dumps(Payload()))])
    yield "pickle", bad("is a pickle, which could run code"), pickle.dumps(Payload())
    yield "npy", bad("is one array of NumPy"), npy(X)
    yield "hdf5", bad("is an HDF5 file"), b"\x89HDF\r\n\x1a\n" + bytes(100)
    yield (
        "lfs",
        bad("is a pointer to a file that Git LFS keeps"),
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    )
    yield "text", bad(whole), b"hello, world" * 10
    yield "gzip", bad(whole), b"\x1f\x8b\x08\0" + bytes(range(200))


def _weights() -> Iterator[Entry]:
    command = ("eval", "a.net", "--data", "d.npz", "--weights")
    for name, says, data in _files():
        yield entry(f"weights-{name}", says, file("w.safetensors", data), *command, "w.safetensors", at="w.safetensors")
    for name, says, data in (
        ("zip", "bad-checkpoint: is an archive, such as `torch.save` makes", npz([("w/data.pkl", b"")])),
        ("pickle", "bad-checkpoint: is a pickle", pickle.dumps(Payload())),
    ):
        yield entry(f"weights-pt-{name}", says, file("w.pt", data), *command, "w.pt", at="w.pt")
    objects = {**arrays(), "fc2.bias": np.array([Payload()] * 2, object)}
    archives: dict[str, tuple[str | None, bytes]] = {
        "good": (None, npz(arrays())),
        "whole": (None, npz({name: np.ones(shape, np.int64) for name, shape in SHAPES.items()})),
        "objects": ("bad-data: not plain numbers", npz(objects)),
        "missing": ("other-network: there is no parameter `fc1.weight`", npz(x=X)),
        "shape": ("other-network: `fc1.bias` is [4] here, [5] in it", npz({**arrays(), "fc1.bias": np.ones(5)})),
        "nan": ("not-finite: `fc2.bias`", npz({**arrays(), "fc2.bias": np.full(2, np.nan)})),
        "safetensors": ("bad-data: is not a whole .npz file", weights()),
    }
    for name, (says, data) in archives.items():
        yield entry(f"weights-npz-{name}", says, file("w.npz", data), *command, "w.npz", at="w.npz")

    def link(target: str, name: str = "w.safetensors") -> Make:
        return lambda folder: (folder / name).symlink_to(target)

    kinds: dict[str, tuple[str, Make]] = {
        "fifo": ("bad-data: is not a regular file", lambda folder: os.mkfifo(folder / "w.safetensors")),
        "zero": ("bad-data: is not a regular file", link("/dev/zero")),
        "loop": ("missing-file: too many levels of symbolic links", link("w.safetensors")),
        "dangling": ("missing-file: no such file", link("nowhere")),
        "secret": ("bad-checkpoint: is not a whole safetensors file", link("../../secret")),
        "folder": ("missing-file: no such file", lambda folder: (folder / "w.safetensors").mkdir()),
        "missing": ("missing-file: no such file", nothing),
    }  # fmt: skip
    for name, (says, make) in kinds.items():
        yield entry(f"weights-place-{name}", says, make, *command, "w.safetensors", at="w.safetensors")
    for target in ("fifo", "folder", "loop"):
        says = "bad-data: is not a regular file" if target != "loop" else "missing-file: too many levels"
        make = both(lambda folder: (folder / "run").mkdir(), _strange("run/best.safetensors", target))
        yield entry(f"weights-best-{target}", says, make, *command, "run", at="run/best.safetensors")
    size = 5 << 30
    large = packed({"w": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}, b"")
    make = sparse("w.safetensors", len(large) + size, large)
    says = "other-network: there is no parameter `fc1.weight` in it"
    yield entry("weights-5-gib", says, make, *command, "w.safetensors", at="w.safetensors")
    for name, says, header in (
        ("100-mb", "bad-checkpoint: a header of 100,000,000 bytes, more than", lambda: b"{" + b" " * 99_999_998 + b"}"),
        ("lists", "bad-checkpoint: of brackets", lambda: b'{"a":[' + b"[]," * 10_000_000 + b"[]]}"),
        ("objects", "bad-checkpoint: of brackets", lambda: b'{"a":[' + b'{"b":0},' * 3_000_000 + b"{}]}"),
        ("texts", "bad-checkpoint: ", lambda: b"{" + b",".join(b'"%d":"a"' % i for i in range(2_000_000)) + b"}"),
        ("numbers", "bad-checkpoint: ", lambda: b'{"a":[' + b"1234," * 6_000_000 + b"1]}"),
    ):  # fmt: skip
        build = lambda folder, header=header: file("w.safetensors", packed(header(), b""))(folder)  # noqa: E731
        yield entry(f"weights-header-{name}", says, build, *command, "w.safetensors", at="w.safetensors", large=True)


# Runs

TWO = ("train", "a.net", "--data", "d.npz", "--epochs", "2")
RESUME = ("train", "a.net", "--data", "d.npz", "--epochs", "3", "--resume", "run")
NEWEST = "run/checkpoints/step-00000004.safetensors"


@cache
def run_files() -> dict[str, bytes]:
    """The files of a run of two epochs, of two steps each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.net").write_text(NET)
        (folder / "d.npz").write_bytes(npz(x=X, y=Y))
        before = Path.cwd()
        os.chdir(folder)
        try:
            done = CliRunner().invoke(netc, [*TWO, "--out", "run"])
        finally:
            os.chdir(before)
        assert done.exit_code == 0, done.stderr
        found = {path.relative_to(folder / "run").as_posix(): path for path in (folder / "run").rglob("*")}
        return {name: path.read_bytes() for name, path in found.items() if path.is_file()}


def _run(folder: Path) -> None:
    for name, data in run_files().items():
        path = folder / "run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _strange(name: str, kind: str) -> Make:
    """Something else in the place of a file."""

    def make(folder: Path) -> None:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "loop":
            path.symlink_to(path.name)
        elif kind == "zero":
            path.symlink_to("/dev/zero")
        else:
            path.symlink_to(kind)

    return make


def changed(change: Callable[[Header], object], *, signed: bool = True) -> bytes:
    """The newest checkpoint with another header, under the hash that it should have."""
    data = run_files()["checkpoints/step-00000004.safetensors"]
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    change(header)
    metadata = header["__metadata__"]
    if signed and "sha256" in metadata:
        metadata["sha256"] = "0" * 64
        whole = packed(header, data[8 + size :])
        metadata["sha256"] = hashlib.sha256(whole).hexdigest()
    return packed(header, data[8 + size :])


def metadata(**values: object) -> Callable[[Header], None]:
    def change(header: Header) -> None:
        header["__metadata__"].update(values)

    return change


def position(**values: object) -> Callable[[Header], None]:
    """A position with other values in it."""

    def change(header: Header) -> None:
        found = json.loads(header["__metadata__"]["position"])
        for key, value in values.items():
            group, _, name = key.partition("__")
            if name:
                found[group][name] = value
            else:
                found[group] = value
        header["__metadata__"]["position"] = json.dumps(found)

    return change


def _checkpoints() -> Iterator[tuple[str, str, bytes]]:
    """What is said of a newest checkpoint, after which the one before is taken."""
    good = run_files()["checkpoints/step-00000004.safetensors"]
    before = run_files()["checkpoints/step-00000002.safetensors"]
    where = "does not say where training stood"
    yield "empty", "is not a whole safetensors file", b""
    yield "zeros", "is not a whole safetensors file", bytes(len(good))
    yield "half", "is cut off", good[: len(good) * 9 // 10]
    yield "trailing", "is longer than its tensors", good + b"\0"
    yield "last-byte", "is damaged", good[:-1] + bytes([good[-1] ^ 1])
    yield "step-before", "has the name of another step", before
    yield "weights-alone", "is not a checkpoint of a run", run_files()["last.safetensors"]
    yield "hash-of-another", "is damaged", changed(metadata(sha256=hashlib.sha256(before).hexdigest()), signed=False)
    yield "hash-none", "is damaged", changed(lambda h: h["__metadata__"].pop("sha256"))
    yield "hash-number", "is damaged", changed(metadata(sha256=7), signed=False)
    yield "step-forged", "has the name of another step", changed(metadata(step="9"))
    yield "step-number", "has the name of another step", changed(metadata(step=-4))
    yield "step-null", where, changed(metadata(step=None))
    yield "format", "is not a checkpoint of a run", changed(metadata(format="netc-9"))
    yield "position-text", where, changed(metadata(position="x"))
    yield "position-list", where, changed(metadata(position="[]"))
    yield "position-empty", where, changed(metadata(position="{}"))
    yield "position-deep", "has a header of brackets", changed(metadata(position="[" * 100_000))
    wrong: dict[str, dict[str, object]] = {
        "one-more": {"position__pwned": 1},
        "epoch-negative": {"position__epoch": -1},
        "epoch-huge": {"position__epoch": 10**30},
        "epoch-float": {"position__epoch": 0.5},
        "epoch-text": {"position__epoch": "1"},
        "epoch-true": {"position__epoch": True},
        "index-negative": {"position__index": -3},
        "index-list": {"position__index": [0]},
        "loss-nan": {"position__loss": float("nan")},
        "loss-text": {"position__loss": "0"},
        "loss-huge": {"position__loss": 10**400},
        "best-infinite": {"position__best": float("inf")},
        "best-list": {"position__best": [1]},
        "position-null": {"position": None},
        "random-null": {"random": None},
        "random-empty": {"random": {}},
        "random-other": {"random__bit_generator": "MT19937"},
        "random-text": {"random__state": "x"},
        "random-huge": {"random__state": {"state": 10**80, "inc": 1}},
        "random-negative": {"random__state": {"state": -1, "inc": 1}},
    }
    for name, values in wrong.items():
        yield name, where, changed(position(**values))
    yield "tensor-gone", "has tensors that overlap, or gaps", changed(lambda h: h.pop("model/fc1.bias"))
    yield (
        "tensor-renamed",
        "does not have `model/fc1.bias`",
        changed(lambda h: h.update({"x": h.pop("model/fc1.bias")})),
    )
    yield "tensor-turned", "does not have `model/fc1.weight`", changed(patch("model/fc1.weight", shape=[3, 4]))
    yield (
        "tensor-empty",
        "has tensors that the network does not have",
        changed(lambda h: h.update(x={"dtype": "F32", "shape": [0], "data_offsets": [0, 0]})),
    )


def _runs() -> Iterator[Entry]:
    for name, words, data in _checkpoints():
        make = both(_run, file(NEWEST, data))
        says = f"warning: step-00000004.safetensors {words}"
        yield entry(f"resume-{name}", says, make, *RESUME, at="step-00000004.safetensors")
    there = both(_run, _strange(NEWEST, "folder"))
    yield entry("resume-checkpoint-folder", "cannot-write: is a directory", there, *RESUME, at=NEWEST)
    for kind in ("fifo", "loop", "zero"):
        says = "warning: step-00000004.safetensors "
        make = both(_run, _strange(NEWEST, kind))
        yield entry(f"resume-checkpoint-{kind}", says, make, *RESUME, at="step-00000004.safetensors")
    yield entry("resume-good", None, _run, *RESUME, at="")
    huge = both(_run, file(f"run/checkpoints/step-{'9' * 200}.safetensors", b""))
    yield entry("resume-step-of-200-digits", None, huge, *RESUME, at="")
    for name, spec in {
        "tanh": NET.replace("relu", "tanh"),
        "twice": NET.replace("relu", "relu -> abs"),
        "scaled": NET.replace("relu", "leaky_relu(0.2)"),
        "wider": NET.replace("fc(4)", "fc(5)"),
        "sgd": NET.replace("adam(lr = 0.01)", "sgd(lr = 0.01)"),
    }.items():
        says = "other-network: is a checkpoint of another network"
        yield entry(f"resume-other-{name}", says, _run, *RESUME, at=NEWEST, spec=spec)
    renamed = NET.replace("lr = 0.01", "lr = 0.02").replace("fc(2)", "fc(2) -> identity")
    yield entry("resume-other-names", None, _run, *RESUME, at="", spec=f"# A comment.\n{renamed}")
    yield entry("resume-other-type", "other-network: ", _run, *RESUME, "--dtype", "float64", at=NEWEST)
    records = run_files()["metrics.jsonl"]
    for name, data, words in (
        ("broken", b'{"epoch": 1, "st\n' + records, "line 1 is no record"),
        ("cut-off", records[:-20], "line 2 is no record"),
        ("null", records + b"null\n", "line 3 is no record"),
        ("list", records + b"[1]\n", "line 3 is no record"),
        ("no-step", records + b'{"epoch": 1}\n', "line 3 is no record"),
        ("step-text", records + b'{"epoch": 1, "step": "1"}\n', "line 3 is no record"),
        ("deep", records + b"[" * 100_000 + b"\n", "line 3 is no record"),
        ("binary", records + bytes(range(128, 256)) + b"\n", "line 3 is no record"),
        ("secret", b"\0" * 500, "line 1 is no record"),
    ):
        make = both(_run, file("run/metrics.jsonl", data))
        yield entry(f"resume-metrics-{name}", f"warning: {words}", make, *RESUME, at="run/metrics.jsonl")
    more = both(_run, file("run/metrics.jsonl", records + b'{"epoch": 1, "step": 1, "other": [1], "loss": "x"}\n'))
    yield entry("resume-metrics-more", None, more, *RESUME, at="")
    for kind in ("fifo", "folder", "zero"):
        make = both(_run, _strange("run/metrics.jsonl", kind))
        yield entry(f"resume-metrics-{kind}", "bad-data: is not a regular file", make, *RESUME, at="run/metrics.jsonl")
    for name, data in {
        "empty": b"",
        "broken": b'{"net": "small", ',
        "list": b"[]",
        "alphabet": b'{"alphabet": ["a"]}',
        "alphabet-empty": b'{"alphabet": ""}',
        "alphabet-repeated": b'{"alphabet": "aa"}',
        "deep": b"[" * 100_000,
        "binary": bytes(range(256)),
    }.items():
        make = both(_run, file("run/resolved.json", data))
        says = "bad-checkpoint: does not say what the run was given"
        yield entry(f"resume-resolved-{name}", says, make, *RESUME, at="run/resolved.json")
    for kind in ("fifo", "folder", "zero"):
        make = both(_run, _strange("run/resolved.json", kind))
        says = "bad-data: is not a regular file"
        yield entry(f"resume-resolved-{kind}", says, make, *RESUME, at="run/resolved.json")
    for name in ("best.safetensors", "last.safetensors", "spec.net", "args.json", "metrics.csv", "resolved.json"):
        if name != "resolved.json":
            for kind in ("fifo", "zero", "../../../secret", "../../../pwned"):
                make = both(_run, _strange(f"run/{name}", kind))
                yield entry(f"resume-{name}-{kind.split('/')[-1]}", None, make, *RESUME, at="")
            make = both(_run, _strange(f"run/{name}", "folder"))
            yield entry(f"resume-{name}-folder", "cannot-write: is a directory", make, *RESUME, at=f"run/{name}")
    lock = both(_run, _strange("run/.lock", "../../../pwned"))
    yield entry("resume-lock-leads-out", "cannot-write: too many levels", lock, *RESUME, at="run/.lock")
    yield entry(
        "resume-lock-folder", "cannot-write: ", both(_run, _strange("run/.lock", "folder")), *RESUME, at="run/.lock"
    )
    away = both(_run, _strange("run/checkpoints", "../../../a"))
    yield entry("resume-checkpoints-lead-out", "cannot-write: is a link", away, *RESUME, at="run/checkpoints")
    none = both(_run, lambda folder: shutil.rmtree(folder / "run/checkpoints"))
    yield entry("resume-no-checkpoints", None, none, *RESUME, at="")
    flat = both(_run, lambda folder: shutil.rmtree(folder / "run/checkpoints"), file("run/checkpoints", b""))
    yield entry("resume-checkpoints-file", "cannot-write: file exists", flat, *RESUME, at="run/checkpoints")
    yield entry("resume-nothing", "missing-file: there is no such run", nothing, *RESUME, at="run")
    yield entry("resume-file", "missing-file: there is no such run", file("run", b""), *RESUME, at="run")


ENTRIES = {found.name: found for group in (_weights, _runs) for found in group()}
