"""The records of a run: one line each, kept through failures, and none after the checkpoint that a run goes on from."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from pathlib import Path
from typing import Any

import pytest

from netc.runtime.errors import RunError
from netc.runtime.limits import DEFAULT_FILE_LIMITS
from netc.runtime.run.folder import RunFolder, read_alphabet


def steps(path: Path) -> list[int]:
    return [json.loads(line)["step"] for line in path.read_text().splitlines()]


def filled(path: Path, count: int = 3) -> RunFolder:
    folder = RunFolder(path, resume=False)
    folder.start_metrics(0)
    for step in range(1, count + 1):
        folder.record({"epoch": step, "step": step, "loss": 0.5})
        folder.record_gradients({"epoch": step, "step": step, "norms": {}})
    return folder


def test_records_after_the_checkpoint_are_left_out(tmp_path: Path) -> None:
    folder = filled(tmp_path / "run")
    folder.start_metrics(2)
    folder.close()
    for name in ("metrics.jsonl", "gradients.jsonl"):
        assert steps(tmp_path / "run" / name) == [1, 2]
    assert (tmp_path / "run" / "metrics.csv").read_text().splitlines() == [
        "epoch,step,loss,held_out_loss,held_out_accuracy,seconds,samples_per_second",
        "1,1,0.5,,,,",
        "2,2,0.5,,,,",
    ]


@pytest.mark.parametrize("name", ["open", "write", "fsync", "close", "fstat"])
@pytest.mark.parametrize("short", [False, True])
def test_a_record_that_cannot_be_written_leaves_those_before(
    name: str, short: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = filled(tmp_path / "run")
    real = getattr(os, name)

    def fail(*arguments: Any, **keywords: Any) -> Any:
        if name == "close":
            real(*arguments)
        if name == "write" and short and len(arguments[1]) > 5:
            return real(arguments[0], arguments[1][:5])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, name, fail)
    with pytest.raises(RunError, match="no space left on device") as caught:
        folder.record({"epoch": 4, "step": 4, "loss": 0.5})
    monkeypatch.undo()
    assert (caught.value.code, caught.value.exit) == ("cannot-write", 2)
    assert steps(folder.path / "metrics.jsonl")[:3] == [1, 2, 3]
    folder.start_metrics(3)
    assert steps(folder.path / "metrics.jsonl") == [1, 2, 3]
    folder.close()


@pytest.mark.parametrize("name", ["metrics.jsonl", "gradients.jsonl"])
def test_a_line_that_was_cut_off_costs_no_other(name: str, tmp_path: Path) -> None:
    folder = filled(tmp_path / "run")
    with (folder.path / name).open("a") as file:
        file.write('{"epoch": 4, "st')
    (said,) = folder.start_metrics(9)
    assert f"{name}: line 4 is no record" in said
    assert steps(folder.path / name) == [1, 2, 3]
    folder.close()


def test_a_run_says_what_its_characters_are(tmp_path: Path) -> None:
    assert read_alphabet(tmp_path, DEFAULT_FILE_LIMITS) is None
    for written, found in (({}, None), ({"alphabet": "abc"}, "abc")):
        (tmp_path / "resolved.json").write_text(json.dumps(written))
        assert read_alphabet(tmp_path, DEFAULT_FILE_LIMITS) == found
    for text in ("{", "[]", '{"alphabet": "aa"}', '{"alphabet": 3}'):
        (tmp_path / "resolved.json").write_text(text)
        with pytest.raises(RunError, match="does not say what the run was given"):
            read_alphabet(tmp_path, DEFAULT_FILE_LIMITS)


def test_records_that_cannot_be_read_are_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = filled(tmp_path / "run")

    def fail(*arguments: Any, **keywords: Any) -> Any:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(RunError, match="input/output error"):
        folder.start_metrics(3)
    monkeypatch.undo()
    assert steps(folder.path / "metrics.jsonl") == [1, 2, 3]
    folder.close()


def test_the_lock_goes_with_its_run(tmp_path: Path) -> None:
    folder = filled(tmp_path / "run")
    with pytest.raises(RunError, match="another run works in it") as caught:
        RunFolder(tmp_path / "run", resume=True)
    assert caught.value.code == "folder-in-use"
    folder.close()
    assert (tmp_path / "run" / ".lock").exists()
    RunFolder(tmp_path / "run", resume=True).close()


def test_a_lock_that_the_disk_does_not_have_is_no_other_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(RunError, match="cannot be written: no locks available"):
        RunFolder(tmp_path / "run", resume=False)


def test_a_run_that_came_and_went_between_look_and_lock_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.mkdir

    def mkdir(path: Path, *arguments: Any, **keywords: Any) -> None:
        monkeypatch.undo()
        real(path, *arguments, **keywords)
        (path.parent / "last.safetensors").write_bytes(b"")

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.raises(RunError, match="not an empty folder"):
        RunFolder(tmp_path / "run", resume=False)


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    filled(tmp_path / "run").close()
    before = sorted(path for path in (tmp_path / "run").rglob("*"))
    for name in (".last.safetensors.123.tmp", "checkpoints/.step-00000009.safetensors.7.tmp"):
        (tmp_path / "run" / name).write_bytes(b"half")
    (tmp_path / "run" / ".args.json.9.tmp").symlink_to("metrics.csv")
    mine = tmp_path / "run" / "notes.tmp"
    mine.write_text("kept")
    RunFolder(tmp_path / "run", resume=True).close()
    assert sorted(path for path in (tmp_path / "run").rglob("*")) == sorted([*before, mine])


def test_temporaries_of_a_run_that_is_going_on_stay(tmp_path: Path) -> None:
    folder = filled(tmp_path / "run")
    temporary = tmp_path / "run" / f".last.safetensors.{os.getpid()}.tmp"
    temporary.write_bytes(b"half")
    with pytest.raises(RunError, match="another run works in it"):
        RunFolder(tmp_path / "run", resume=True)
    assert temporary.exists()
    folder.close()
