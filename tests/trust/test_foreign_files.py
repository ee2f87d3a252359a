"""Every file of the hostile corpora of data, weights and models ends in the right meaning or in one short error."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from netc.compiler.cli.main import netc
from netc.runtime.data.load import load
from netc.runtime.data.wanted import Wanted
from netc.runtime.ports import Port

from . import data_corpus, models_corpus, runs_corpus, text_corpus, weights_corpus
from .foreign import NET, Entry, X, Y, described, npy, npz, sparse
from .measured import measured

DATA = {**data_corpus.ENTRIES, **text_corpus.ENTRIES}
WEIGHTS = {**weights_corpus.ENTRIES, **runs_corpus.ENTRIES}
ENTRIES: dict[str, Entry] = {**DATA, **WEIGHTS, **models_corpus.ENTRIES}
SMALL = [name for name, entry in ENTRIES.items() if not entry.large]
# What a command may take of a hostile file of up to 100 MB: starting up, with NumPy and onnxruntime, takes 130 MiB.
SECONDS, MEBIBYTES = 60, 1000
SECRET = "token = hunter2\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that a link can lead out of, to a secret."""
    (tmp_path / "secret").write_text(SECRET)
    return tmp_path / "a" / "work"


def in_order(entry: Entry, status: int, out: str, err: str, folder: Path) -> None:
    """The exit code as expected; a failure says in few lines which file is wrong and how; nothing else has happened."""
    assert status == entry.status, err
    assert "hunter2" not in out + err
    assert "Traceback" not in err
    assert "Warning" not in err
    assert err.count("\n") <= 5
    assert err.replace("\n", "").isprintable()
    if entry.says is None:
        assert "error[" not in err
        assert "warning" not in err
    else:
        code, _, words = entry.says.partition(": ")
        start = "warning: " if code == "warning" else f"error[{code}]"
        line = next(line for line in err.splitlines() if start in line)
        assert words in line
        assert entry.file in line
    top = folder.parents[1]
    assert sorted(path.name for path in top.iterdir()) == ["a", "secret"]
    assert (top / "secret").read_text() == SECRET
    assert not list(top.rglob("pwned*"))


def test_the_corpora_are_large() -> None:
    assert len(DATA) >= 250
    assert len(WEIGHTS) >= 200
    assert len(models_corpus.ENTRIES) >= 100
    assert {entry.status for entry in ENTRIES.values()} == {0, 1, 2}


@pytest.mark.parametrize("name", SMALL)
def test_small(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = ENTRIES[name]
    entry.write(folder)
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(netc, entry.arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    in_order(entry, done.exit_code, done.stdout, done.stderr, folder)


@pytest.mark.parametrize("name", [name for name, entry in DATA.items() if entry.means is not None])
def test_what_is_read_is_what_was_meant(name: str, folder: Path) -> None:
    entry = ENTRIES[name]
    entry.write(folder)
    ports = Port("x", "float32", ("N", 3)), Port("y", "int64", ("N",), 2)
    source = next(text for text in entry.arguments if (folder / text).exists() and text != "a.net")
    labels = str(folder / "y.npy") if "--labels" in entry.arguments else None
    found = load(str(folder / source), Wanted(ports[:1], ports[1:], labels=labels, target="y"))
    assert entry.means is not None
    assert np.array_equal(found.train.arrays["x"], entry.means)


def _unpacked(count: int, ratio: int) -> bytes:
    """An archive that unpacks to no more than `ratio` times its size, or to just more than that for a larger count."""
    sizes = ((size, _zeros(size)) for size in range(400, 4000))
    first = next(size for size, data in sizes if size + len(described(f"({size},)")) > ratio * len(data))
    return _zeros(first - (count <= ratio))


def _zeros(size: int) -> bytes:
    return npz([("x.npy", described(f"({size},)", bytes(size), "'|u1'"))], zipfile.ZIP_DEFLATED)


def _headed(size: int) -> bytes:
    """Weights with a header of so many bytes."""
    return size.to_bytes(8, "little") + b"{}".ljust(size)


# The limit, a value to test it with, a file with that many of it, and words of the message.
LIMITS: dict[str, tuple[int, Callable[[int], tuple[str, bytes]], str]] = {
    "header_bytes": (40, lambda n: ("w.safetensors", _headed(n)), "has a header of 41 bytes, more than 40"),
    "data_bytes": (1000, lambda n: ("d.npz", npz([("x.npy", bytes(n))])), "holds 1,001 bytes, more than 1,000"),
    "unpack_ratio": (7, lambda n: ("d.npz", _unpacked(n, 7)), "more than 7 times its own"),
    "members": (3, lambda n: ("d.npz", npz([(f"{i}.npy", npy(X)) for i in range(n)])), "has 4 members, more than 3"),
    "row_bytes": (50, lambda n: ("d.csv", b"a,b,c,y\n1,2,3," + b"0" * (n - 8) + b"1\n"), "more than 50 characters"),
}


@pytest.mark.promise("P3", "limits of data and weights, at the value and one past it", 5)
@pytest.mark.parametrize("name", LIMITS)
def test_at_the_limit_and_one_past_it(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    value, make, words = LIMITS[name]
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    (folder / "a.net").write_text(NET)
    said = []
    for count in (value, value + 1):
        source, data = make(count)
        (folder / source).write_bytes(data)
        if source == "w.safetensors":
            arguments = ["eval", "a.net", "--data", "digits", "--weights", source]
        else:
            arguments = ["train", "a.net", "--data", source, "--target", "y"]
        for limit in (value, value + 1):
            said.append(CliRunner().invoke(netc, [*arguments, "--limit", f"{name}={limit}"]).stderr)
    assert [words in text for text in said] == [False, False, True, False], said


def test_a_state_that_could_not_be_read_again_is_not_trained(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    (folder / "a.net").write_text(NET)
    (folder / "d.npz").write_bytes(npz(x=X, y=Y))
    arguments = ["train", "a.net", "--data", "d.npz", "--out", "run", "--limit"]
    done = CliRunner().invoke(netc, [*arguments, "header_bytes=1000"])
    assert done.exit_code == 1
    assert "run: error[limit]: would hold checkpoints of 12 tensors" in done.stderr
    assert not list((folder / "run" / "checkpoints").iterdir())


@pytest.mark.trust
@pytest.mark.parametrize("name", ENTRIES)
def test_bounded(name: str, folder: Path) -> None:
    """The whole program, in time and memory."""
    entry = ENTRIES[name]
    entry.write(folder)
    ended = measured(folder, folder.parents[1], "-m", "netc", *entry.arguments)
    in_order(entry, ended.status, ended.out, ended.err, folder)
    assert ended.seconds < SECONDS
    assert ended.mebibytes < MEBIBYTES


LITTLE_FREE = """
import sys
from netc.runtime import space
from netc.compiler.cli.main import main
space._most = lambda: 400 << 20
sys.argv[0] = "netc"
sys.exit(main())
"""


@pytest.mark.trust
def test_what_cannot_be_told_before_meets_the_limit_of_memory(folder: Path) -> None:
    """Where 400 MiB are free: a model whose result is endless, and a table that is too large."""
    folder.mkdir(parents=True)
    (folder / "a.net").write_text(NET)
    (folder / "m.onnx").write_bytes(models_corpus.doubled())
    (folder / "d.npz").write_bytes(npz(x=X))
    arguments = ("predict", "m.onnx", "--data", "d.npz", "-o", "out.npz")
    ended = measured(folder, folder.parents[1], "-c", LITTLE_FREE, *arguments)
    assert ended.status == 1, ended.err
    assert "m.onnx: error[bad-model]: onnxruntime cannot run it" in ended.err
    assert ended.mebibytes < 700
    sparse("d.csv", 200 << 20)(folder)
    arguments = ("train", "a.net", "--data", "d.csv", "--target", "y")
    ended = measured(folder, folder.parents[1], "-c", LITTLE_FREE, *arguments)
    assert ended.status == 1
    assert "d.csv: error[no-memory]: reading it needs 838,860,800 bytes" in ended.err
    assert ended.mebibytes < 200
