"""Hostile run folders: checkpoints that were forged or damaged, records that are none, links that lead out.

Each entry says what `netc train --resume` must say of a run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from click.testing import CliRunner

from netc.compiler.cli.main import netc

from .foreign import NET, Entry, X, Y, both, file, nothing, npz, of_weights, strange
from .safetensors import Header, packed, patch

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


def _newest() -> Iterator[Entry]:
    for name, words, data in _checkpoints():
        make = both(_run, file(NEWEST, data))
        says = f"warning: step-00000004.safetensors {words}"
        yield of_weights(f"resume-{name}", says, make, *RESUME, at="step-00000004.safetensors")
    there = both(_run, strange(NEWEST, "folder"))
    yield of_weights("resume-checkpoint-folder", "cannot-write: is a directory", there, *RESUME, at=NEWEST)
    for kind in ("fifo", "loop", "zero"):
        says = "warning: step-00000004.safetensors "
        make = both(_run, strange(NEWEST, kind))
        yield of_weights(f"resume-checkpoint-{kind}", says, make, *RESUME, at="step-00000004.safetensors")


def _other_nets() -> Iterator[Entry]:
    """Runs that go on, and those of other networks."""
    yield of_weights("resume-good", None, _run, *RESUME, at="")
    huge = both(_run, file(f"run/checkpoints/step-{'9' * 200}.safetensors", b""))
    yield of_weights("resume-step-of-200-digits", None, huge, *RESUME, at="")
    for name, spec in {
        "tanh": NET.replace("relu", "tanh"),
        "twice": NET.replace("relu", "relu -> abs"),
        "scaled": NET.replace("relu", "leaky_relu(0.2)"),
        "wider": NET.replace("fc(4)", "fc(5)"),
        "sgd": NET.replace("adam(lr = 0.01)", "sgd(lr = 0.01)"),
    }.items():
        says = "other-network: is a checkpoint of another network"
        yield of_weights(f"resume-other-{name}", says, _run, *RESUME, at=NEWEST, spec=spec)
    renamed = NET.replace("lr = 0.01", "lr = 0.02").replace("fc(2)", "fc(2) -> identity")
    yield of_weights("resume-other-names", None, _run, *RESUME, at="", spec=f"# A comment.\n{renamed}")
    yield of_weights("resume-other-type", "other-network: ", _run, *RESUME, "--dtype", "float64", at=NEWEST)


def _metrics() -> Iterator[Entry]:
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
        yield of_weights(f"resume-metrics-{name}", f"warning: {words}", make, *RESUME, at="run/metrics.jsonl")
    more = both(_run, file("run/metrics.jsonl", records + b'{"epoch": 1, "step": 1, "other": [1], "loss": "x"}\n'))
    yield of_weights("resume-metrics-more", None, more, *RESUME, at="")
    for kind in ("fifo", "folder", "zero"):
        make = both(_run, strange("run/metrics.jsonl", kind))
        yield of_weights(
            f"resume-metrics-{kind}", "bad-data: is not a regular file", make, *RESUME, at="run/metrics.jsonl"
        )


def _other_files() -> Iterator[Entry]:
    """What a run writes again, and what it reads of itself."""
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
        yield of_weights(f"resume-resolved-{name}", says, make, *RESUME, at="run/resolved.json")
    for kind in ("fifo", "folder", "zero"):
        make = both(_run, strange("run/resolved.json", kind))
        says = "bad-data: is not a regular file"
        yield of_weights(f"resume-resolved-{kind}", says, make, *RESUME, at="run/resolved.json")
    for name in ("best.safetensors", "last.safetensors", "spec.net", "args.json", "metrics.csv"):
        for kind in ("fifo", "zero", "../../../secret", "../../../pwned"):
            make = both(_run, strange(f"run/{name}", kind))
            yield of_weights(f"resume-{name}-{kind.split('/')[-1]}", None, make, *RESUME, at="")
        make = both(_run, strange(f"run/{name}", "folder"))
        yield of_weights(f"resume-{name}-folder", "cannot-write: is a directory", make, *RESUME, at=f"run/{name}")


def _arguments() -> Iterator[Entry]:
    again = ("train", "a.net", "--resume", "run")
    yield of_weights("resume-args-good", None, _run, *again, at="")
    kept: dict[str, dict[str, object]] = {
        "batch": {"batch": 0},
        "batch-negative": {"batch": -8},
        "batch-text": {"batch": "8"},
        "samples": {"samples": 0},
        "epochs": {"epochs": -1},
        "epochs-true": {"epochs": True},
        "patience": {"patience": 0},
        "seed": {"seed": -1},
        "split": {"val_split": 5.0},
        "split-nan": {"val_split": float("nan")},
        "type": {"dtype": "object"},
        "type-list": {"dtype": ["float32"]},
    }
    for name, values in kept.items():
        told = file("run/args.json", json.dumps({"data": "d.npz", "epochs": 2, **values}).encode())
        yield of_weights(f"resume-args-{name}", None, both(_run, told), *again, at="")
    secret = both(_run, file("run/args.json", b'{"data": "../../secret"}'))
    yield of_weights("resume-args-secret", "bad-data: is not a source of data", secret, *again, at="secret")
    for kind in ("fifo", "folder", "loop", "zero", "../../../secret"):
        make = both(_run, strange("run/args.json", kind))
        yield of_weights(
            f"resume-args-{kind.split('/')[-1]}",
            None,
            make,
            *("eval", "a.net", "--data", "d.npz", "--weights", "run"),
            at="",
        )


def _places() -> Iterator[Entry]:
    """What stands in the place of a run, its lock or its checkpoints."""
    lock = both(_run, strange("run/.lock", "../../../pwned"))
    yield of_weights("resume-lock-leads-out", "cannot-write: too many levels", lock, *RESUME, at="run/.lock")
    yield of_weights(
        "resume-lock-folder", "cannot-write: ", both(_run, strange("run/.lock", "folder")), *RESUME, at="run/.lock"
    )
    away = both(_run, strange("run/checkpoints", "../../../a"))
    yield of_weights("resume-checkpoints-lead-out", "cannot-write: is a link", away, *RESUME, at="run/checkpoints")
    none = both(_run, lambda folder: shutil.rmtree(folder / "run/checkpoints"))
    yield of_weights("resume-no-checkpoints", None, none, *RESUME, at="")
    flat = both(_run, lambda folder: shutil.rmtree(folder / "run/checkpoints"), file("run/checkpoints", b""))
    yield of_weights("resume-checkpoints-file", "cannot-write: file exists", flat, *RESUME, at="run/checkpoints")
    yield of_weights("resume-nothing", "missing-file: there is no such run", nothing, *RESUME, at="run")
    long = ("train", "a.net", "--data", "d.npz", "--resume", "run" * 1000)
    yield of_weights("resume-long-name", "missing-file: there is no such run", nothing, *long, at="runrun")
    yield of_weights("resume-file", "missing-file: there is no such run", file("run", b""), *RESUME, at="run")


GROUPS = (_newest, _other_nets, _metrics, _other_files, _arguments, _places)
ENTRIES = {found.name: found for group in GROUPS for found in group()}
