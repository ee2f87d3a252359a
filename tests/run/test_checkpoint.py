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
from netc.runtime.run.atomic import write_atomic, write_output
from netc.runtime.run.checkpoint import State, load, load_weights, newest, save, save_weights

from ..conftest import Promise

EXPECTED = {"model/w": ("float32", (2, 3)), "optimizer/m/w": ("float32", (2, 3)), "model/n": ("float64", (1,))}
POSITION = {"position": {"epoch": 2, "index": 5, "loss": 0.1}, "random": {"state": 2**100}}


def taken(found: State) -> State:
    return found


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
    # The format wants the numbers to begin at a multiple of eight bytes.
    assert int.from_bytes(path.read_bytes()[:8], "little") % 8 == 0


def test_a_transposed_array_is_saved_in_its_own_order(tmp_path: Path) -> None:
    array = np.arange(6.0).reshape(2, 3).T
    save_weights(tmp_path / "w.safetensors", {"w": array})
    assert np.array_equal(load_weights(tmp_path / "w.safetensors").arrays["w"], array)
    assert np.array_equal(load_file(tmp_path / "w.safetensors")["w"], array)


@pytest.mark.promise("P12", "bytes of a checkpoint, three bits of each flipped", 1_500)
def test_every_flipped_byte_is_found_and_the_checkpoint_before_is_taken(tmp_path: Path, promise: Promise) -> None:
    save(tmp_path, state(6), "id")
    path = save(tmp_path, state(7), "id")
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bit in (0, 5, 7):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            found, (reason,) = newest(tmp_path, "id", EXPECTED, taken)
            assert found is not None
            assert found.step == 6, f"bit {bit} of byte {place}"
            assert reason.startswith("step-00000007.safetensors ")
    promise(3 * len(whole))
    path.write_bytes(whole)
    found, reasons = newest(tmp_path, "id", EXPECTED, taken)
    assert found is not None
    assert (found.step, reasons) == (7, [])


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
    found, skipped = newest(tmp_path, "id", EXPECTED, taken)
    assert found is not None
    assert found.step == 2
    assert len(skipped) == 1
    assert "step-00000003" in skipped[0]
    with pytest.raises(RunError, match="another network"):
        newest(tmp_path, "other", EXPECTED, taken)


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
        found, _ = newest(tmp_path, "id", EXPECTED, taken)
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
    write_output(pipe, b"abc")
    assert os.read(reader, 10) == b"abc"
    os.close(reader)
    assert pipe.is_fifo()
    with pytest.raises(RunError):
        write_output(tmp_path, b"abc")


@pytest.mark.parametrize("write", [write_atomic, write_output])
@pytest.mark.parametrize("target", ["other", "pipe", "/dev/null", "nowhere", "l"])
def test_a_link_is_replaced_and_not_followed(target: str, write: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"before")
    os.mkfifo(tmp_path / "pipe")
    link = tmp_path / "l"
    link.symlink_to(target)
    write(link, b"abc")
    assert not link.is_symlink()
    assert link.read_bytes() == b"abc"
    assert (tmp_path / "other").read_bytes() == b"before"
    assert not (tmp_path / "nowhere").exists()


def test_a_link_in_the_place_of_the_temporary_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"before")
    (tmp_path / f".w.{os.getpid()}.tmp").symlink_to("other")
    write_atomic(tmp_path / "w", b"abc")
    assert (tmp_path / "w").read_bytes() == b"abc"
    assert (tmp_path / "other").read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "w"]


def test_a_stream_of_the_system_is_written_through(capfd: pytest.CaptureFixture[str]) -> None:
    write_output(Path("/dev/stdout"), b"abc")
    assert capfd.readouterr().out == "abc"
    assert Path("/dev/stdout").is_symlink()


def test_every_hostile_file_was_made() -> None:
    assert len(HOSTILE) >= 25
    assert checkpoint.KEPT == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model/w": ("float64", (2, 3))}, "does not have `model/w` as float64 [2, 3]"),
        ({"model/w": ("float32", (3, 2))}, "does not have `model/w` as float32 [3, 2]"),
        ({"model/v": ("float32", (1,))}, "does not have `model/v` as float32 [1]"),
        ({"model/n": None}, "has tensors that the network does not have"),
    ],
)
def test_other_tensors_than_those_of_the_network_are_refused(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = save(tmp_path, state(), "id")
    expected = {name: kind for name, kind in {**EXPECTED, **change}.items() if kind is not None}
    with pytest.raises(RunError) as caught:
        load(path, "id", expected)
    assert (caught.value.code, caught.value.message) == ("bad-checkpoint", message)
    found, skipped = newest(tmp_path, "id", expected, taken)
    assert found is None
    assert skipped == [f"{path.name} {message}"]


def test_a_checkpoint_under_the_name_of_another_step_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, state(7), "id")
    other = path.rename(tmp_path / "step-00000009.safetensors")
    with pytest.raises(RunError, match="has the name of another step"):
        load(other, "id", EXPECTED)


def test_weights_are_read_from_a_checkpoint_too(tmp_path: Path) -> None:
    """Those of the network without the state of its optimizer, under their own names."""
    found = load_weights(save(tmp_path, state(), "id"))
    assert set(found.arrays) == {"w", "n"}
    assert np.array_equal(found.arrays["w"], state().tensors["model/w"])


@pytest.mark.parametrize(
    ("alphabet", "read"),
    [("abc", True), (None, True), ("aba", False), ("\0", True)],
    ids=["text", "none", "twice", "nul"],
)
def test_an_alphabet_is_kept(alphabet: str | None, read: bool, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, {"w": np.zeros(1)}, alphabet)
    if read:
        assert load_weights(path).alphabet == alphabet
    else:
        with pytest.raises(RunError, match="has an alphabet that is not one"):
            load_weights(path)


def test_a_folder_without_checkpoints_has_none(tmp_path: Path) -> None:
    (tmp_path / "step-1.safetensors").write_bytes(b"")
    (tmp_path / "step-00000001.safetensors.part").write_bytes(b"")
    assert newest(tmp_path, "id", EXPECTED, taken) == (None, [])
    with pytest.raises(RunError) as caught:
        newest(tmp_path / "nowhere", "id", EXPECTED, taken)
    assert caught.value.code == "cannot-write"


def test_an_older_step_leaves_later_ones(tmp_path: Path) -> None:
    """Of those up to the step that is written two stay; what a run before left of later steps stays as well."""
    for step in (1, 2, 9, 3):
        save(tmp_path, state(step), "id")
    steps = [int(path.name[5:13]) for path in sorted(tmp_path.iterdir())]
    assert steps == [2, 3, 9]


def test_large_arrays_are_written_whole(tmp_path: Path) -> None:
    """A write takes so many bytes at most, and the system may take fewer."""
    array = np.random.default_rng(0).random(3 << 20)
    save_weights(tmp_path / "w.safetensors", {"w": array, "last": array[:5]})
    found = load_weights(tmp_path / "w.safetensors").arrays
    assert np.array_equal(found["w"], array)
    assert np.array_equal(found["last"], array[:5])
    assert (tmp_path / "w.safetensors").stat().st_mode & 0o777 == 0o644 & ~_umask()


def _umask() -> int:
    before = os.umask(0)
    os.umask(before)
    return before
