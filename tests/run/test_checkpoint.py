"""Checkpoints: whole or refused, whatever happens to the file or to the writing of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from netc.runtime.errors import RunError
from netc.runtime.run import checkpoint
from netc.runtime.run.atomic import write_atomic
from netc.runtime.run.checkpoint import State, load, load_weights, newest, save, save_weights

EXPECTED = {"model/w": ("float32", (2, 3)), "optimizer/m/w": ("float32", (2, 3)), "model/n": ("float64", (1,))}
POSITION = {"position": {"epoch": 2, "index": 5, "loss": 0.1}, "random": {"state": 2**100}}


def state(step: int = 7) -> State:
    rng = np.random.default_rng(step)
    return State(
        step, {name: rng.normal(size=shape).astype(dtype) for name, (dtype, shape) in EXPECTED.items()}, POSITION
    )


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = save(tmp_path, state(), "id")
    found = load(path, "id", EXPECTED)
    assert (found.step, found.position) == (7, POSITION)
    for name, array in state().tensors.items():
        assert np.array_equal(found.tensors[name], array)
        assert np.array_equal(load_file(path)[name], array)
    assert path.name == "step-00000007.safetensors"


def test_a_transposed_array_is_saved_in_its_own_order(tmp_path: Path) -> None:
    array = np.arange(6.0).reshape(2, 3).T
    save_weights(tmp_path / "w.safetensors", {"w": array})
    assert np.array_equal(load_weights(tmp_path / "w.safetensors")["w"], array)
    assert np.array_equal(load_file(tmp_path / "w.safetensors")["w"], array)


def test_every_flipped_byte_is_found(tmp_path: Path) -> None:
    path = save(tmp_path, state(), "id")
    whole = path.read_bytes()
    for place in range(len(whole)):
        for flip in (0x01, 0x20):
            damaged = bytearray(whole)
            damaged[place] ^= flip
            path.write_bytes(damaged)
            with pytest.raises(RunError) as caught:
                load(path, "id", EXPECTED)
            assert caught.value.code in ("bad-checkpoint", "other-network")


def test_every_truncation_is_found(tmp_path: Path) -> None:
    path = save(tmp_path, state(), "id")
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(RunError):
            load(path, "id", EXPECTED)
    path.write_bytes(whole + b"\0")
    with pytest.raises(RunError):
        load(path, "id", EXPECTED)


def test_two_are_kept_and_the_newest_whole_one_is_taken(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        save(tmp_path, state(step), "id")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step-00000002.safetensors",
        "step-00000003.safetensors",
    ]
    path = tmp_path / "step-00000003.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    found, skipped = newest(tmp_path, "id", EXPECTED)
    assert found is not None
    assert found.step == 2
    assert len(skipped) == 1
    assert "step-00000003" in skipped[0]
    with pytest.raises(RunError, match="another network"):
        newest(tmp_path, "other", EXPECTED)


@pytest.mark.parametrize("name", ["open", "write", "fsync", "replace", "close"])
@pytest.mark.parametrize("code", [28, 30, 5], ids=["ENOSPC", "EROFS", "EIO"])
def test_a_failing_call_loses_nothing(name: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of a save fails in turn: there is an error of one line, and the checkpoint before stays."""
    save(tmp_path, state(1), "id")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for number in range(20):
        calls = failing(monkeypatch, name, number, code)
        with suppress(RunError):
            save(tmp_path, state(2), "id")
        monkeypatch.undo()
        found, _ = newest(tmp_path, "id", EXPECTED)
        assert found is not None
        kept = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name in before}
        assert kept == before
        if calls[0] <= number:
            return
    pytest.fail("a save makes fewer calls than that")


def failing(monkeypatch: pytest.MonkeyPatch, name: str, number: int, code: int) -> list[int]:
    """Make one call of a function of `os` fail, and count them."""
    calls = [0]
    real: Callable[..., Any] = getattr(os, name)

    def call(*arguments: Any, **keywords: Any) -> Any:
        calls[0] += 1
        if calls[0] == number + 1:
            if name == "close":
                real(*arguments)
            raise OSError(code, os.strerror(code))
        return real(*arguments, **keywords)

    monkeypatch.setattr(os, name, call)
    return calls


def header(entries: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(first: int, last: int, shape: list[int], dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, last]}


HOSTILE = {
    "empty": b"",
    "short": b"\0\0\0",
    "zeros": b"\0" * 100,
    "huge header": (2**63).to_bytes(8, "little") + b"{}",
    "header past the end": (1000).to_bytes(8, "little") + b"{}",
    "not JSON": (4).to_bytes(8, "little") + b"{{{{",
    "not UTF-8": (4).to_bytes(8, "little") + b"\xff\xff\xff\xff",
    "a list": header([], b""),  # type: ignore[arg-type]
    "deep": (20000).to_bytes(8, "little") + b"[" * 20000,
    "twice": (lambda t: len(t).to_bytes(8, "little") + t + b"\0" * 4)(
        b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    ),
    "overlap": header({"a": entry(0, 4, [1]), "b": entry(0, 4, [1])}, b"\0" * 4),
    "gap": header({"a": entry(0, 4, [1]), "b": entry(8, 12, [1])}, b"\0" * 12),
    "past the end": header({"a": entry(0, 400, [100])}, b"\0" * 4),
    "too much": header({"a": entry(0, 4, [1])}, b"\0" * 8),
    "negative": header({"a": entry(-4, 0, [1])}, b"\0" * 4),
    "wrong shape": header({"a": entry(0, 4, [2])}, b"\0" * 4),
    "huge shape": header({"a": entry(0, 4, [2**62, 2**62])}, b"\0" * 4),
    "floats for sizes": header({"a": entry(0, 4, [1.0])}, b"\0" * 4),  # type: ignore[list-item]
    "a truth for a size": header({"a": entry(0, 4, [True])}, b"\0" * 4),
    "unknown dtype": header({"a": entry(0, 4, [1], "BF16")}, b"\0" * 4),
    "no dtype": header({"a": {"shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4),
    "three offsets": header({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 8]}}, b"\0" * 4),
    "null": header({"a": None}, b""),
    "pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94",
    "zip": b"PK\x03\x04" + b"\0" * 60,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "step-00000009.safetensors"
    path.write_bytes(HOSTILE[name])
    for read in (lambda: load(path, "id", EXPECTED), lambda: load_weights(path)):
        with pytest.raises(RunError) as caught:
            read()
        assert caught.value.code == "bad-checkpoint"
        assert "\n" not in caught.value.message


@pytest.mark.parametrize("kind", ["folder", "fifo", "missing", "link loop"])
def test_what_is_no_regular_file_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "link loop":
        path.symlink_to(path)
    with pytest.raises(RunError):
        load_weights(path)


def test_what_is_no_file_is_written_through(tmp_path: Path) -> None:
    """A pipe stays one, as /dev/null does."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_atomic(pipe, b"abc")
    assert os.read(reader, 10) == b"abc"
    os.close(reader)
    assert pipe.is_fifo()
    with pytest.raises(RunError):
        write_atomic(tmp_path, b"abc")


def test_every_hostile_file_was_made() -> None:
    assert len(HOSTILE) >= 25
    assert checkpoint.KEPT == 2
