"""What recovery rests on: errors that are reported, checkpoints that stay, and hostile files with a right hash."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netc.runtime.errors import RunError
from netc.runtime.run.checkpoint import State, load, load_weights, newest, save

EXPECTED = {"model/w": ("float32", (1,))}


def whole(found: State) -> State:
    return found


def state(step: int) -> State:
    return State(step, {"model/w": np.full(1, step, np.float32)}, {"epoch": step})


@pytest.mark.parametrize("damaged", [1, 2, 5])
def test_damaged_checkpoints_of_later_steps_do_not_displace_new_ones(damaged: int, tmp_path: Path) -> None:
    """A run that starts afresh below them keeps what it saves, from its first checkpoint on."""
    for step in range(100, 100 + damaged):
        (tmp_path / f"step-{step:08d}.safetensors").write_bytes(b"\0" * 50)
    for step in (1, 2, 3):
        save(tmp_path, state(step), "id")
        found, skipped = newest(tmp_path, "id", EXPECTED, whole)
        assert found is not None
        assert (found.step, len(skipped)) == (step, damaged)
    newer = tmp_path / "step-00000003.safetensors"
    newer.write_bytes(newer.read_bytes()[:-1])
    found, _ = newest(tmp_path, "id", EXPECTED, whole)
    assert found is not None
    assert found.step == 2


CALLS = ("open", "write", "fsync", "close", "replace")


def faulty(monkeypatch: pytest.MonkeyPatch, number: int) -> list[str]:
    """Make the call with that number fail, counted over all functions that a save calls; returns the calls made."""
    made: list[str] = []

    def wrap(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: Any, **keywords: Any) -> Any:
            made.append(name)
            if len(made) == number + 1:
                if name == "close":
                    real(*arguments)
                raise OSError(5, os.strerror(5))
            return real(*arguments, **keywords)

        monkeypatch.setattr(os, name, call)

    for name in CALLS:
        wrap(name)
    return made


def test_each_failing_call_is_reported_and_leaves_no_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, state(1), "id")
    made = faulty(monkeypatch, 1 << 30)
    save(tmp_path, state(2), "id")
    monkeypatch.undo()
    # The header and one tensor are on the disk before they have a name, and then the name is.
    assert made == ["open", "write", "write", "fsync", "close", "replace", "open", "fsync", "close"]
    for number in range(len(made)):
        folder = tmp_path / str(number)
        folder.mkdir()
        save(folder, state(1), "id")
        faulty(monkeypatch, number)
        with pytest.raises(RunError) as caught:
            save(folder, state(2), "id")
        monkeypatch.undo()
        assert (caught.value.code, caught.value.message) == ("cannot-write", "cannot be written: input/output error")
        assert not [path.name for path in folder.iterdir() if path.name.endswith(".tmp")]
        assert load(folder / "step-00000001.safetensors", "id", EXPECTED).step == 1


@pytest.mark.parametrize("number", range(6))
def test_until_it_has_its_name_a_file_does_not_touch_the_one_before(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path, state(1), "id")
    before = path.read_bytes()
    faulty(monkeypatch, number)
    with pytest.raises(RunError):
        save(tmp_path, State(1, {"model/w": np.full(1, 9, np.float32)}, {}), "id")
    monkeypatch.undo()
    assert path.read_bytes() == before


def entry(shape: Any, last: int) -> dict[str, Any]:
    return {"dtype": "F32", "shape": shape, "data_offsets": [0, last]}


def signed(path: Path, entries: dict[str, Any], data: bytes) -> Path:
    """A file with the hash that it should have: what it says must be checked all the same."""
    text = json.dumps(entries, separators=(",", ":")).encode()
    whole = len(text).to_bytes(8, "little") + text + data
    digest = hashlib.sha256(whole).hexdigest().encode()
    path.write_bytes(whole.replace(b'"sha256":"' + b"0" * 64, b'"sha256":"' + digest))
    return path


METADATA = {"format": "netc-1", "identity": "id", "position": "{}", "step": "5", "sha256": "0" * 64}


@pytest.mark.parametrize(
    "change",
    [
        {"step": None},
        {"step": "x"},
        {"step": "-5"},
        {"step": "9" * 5000},
        {"step": "6"},
        {"position": None},
        {"position": "{"},
        {"position": "[]"},
        {"position": "[" * 50000},
    ],
    ids=lambda change: str(change)[:24],
)
def test_a_right_hash_does_not_make_metadata_right(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "step-00000005.safetensors"
    tensors = {"model/w": entry([1], 4)}
    assert load(signed(path, {"__metadata__": METADATA, **tensors}, b"\0" * 4), "id", EXPECTED).step == 5
    with pytest.raises(RunError) as caught:
        load(signed(path, {"__metadata__": METADATA | change, **tensors}, b"\0" * 4), "id", EXPECTED)
    assert caught.value.code == "bad-checkpoint"


@pytest.mark.parametrize(
    ("shape", "last"),
    [({}, 4), ("", 4), ([0, 2**63], 0), ([0, 2**62, 4], 0)],
    ids=["an object", "a text", "no elements of a huge dim", "no elements of huge dims"],
)
def test_shapes_that_numpy_refuses_are_refused(shape: Any, last: int, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    text = json.dumps({"a": entry(shape, last)}).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"\0" * last)
    with pytest.raises(RunError) as caught:
        load_weights(path)
    assert caught.value.code == "bad-checkpoint"
