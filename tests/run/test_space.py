"""Room is looked at before a run starts: four fifths of the free memory, and a disk with room for two checkpoints."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from netc.runtime.errors import RunError
from netc.runtime.space import check_disk, check_memory


def with_memory(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(Path, "read_text", lambda path: text if str(path) == "/proc/meminfo" else "")


def test_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    with_memory(monkeypatch, "MemTotal:       9000 kB\nMemFree:        1 kB\nMemAvailable:   1000 kB\n")
    most = 1000 * 1024 * 4 // 5
    check_memory(most)
    with pytest.raises(RunError) as caught:
        check_memory(most + 1)
    assert caught.value.code == "no-memory"
    assert caught.value.message == "training needs 819,201 bytes, four fifths of the free memory are 819,200"


@pytest.mark.parametrize("text", ["", "MemTotal: 9000 kB\n", "MemAvailable: much\n"])
def test_a_system_that_does_not_say_is_trusted(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_memory(monkeypatch, text)
    check_memory(1 << 60)


def test_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Free to others than root are 10 blocks of 512 bytes.
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=10, f_bfree=99, f_frsize=512, f_bsize=4096))
    check_disk(tmp_path, 2560)
    with pytest.raises(RunError) as caught:
        check_disk(tmp_path, 2561)
    assert (caught.value.code, caught.value.exit) == ("cannot-write", 2)
    assert caught.value.message == "has room for 5,120 bytes, two checkpoints take 5,122"


def test_a_disk_that_does_not_say_is_trusted(tmp_path: Path) -> None:
    check_disk(tmp_path / "nowhere", 1 << 60)
