"""Room for a run, looked at before it starts."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import RunError

SMALLER = "make the batch smaller; `netc analyze SPEC --budget 2GiB` says how large it may be"


def check_memory(bytes: int, what: str = "training", help: str = SMALLER, file: str = "") -> None:
    """Refuse what would take more than four fifths of the memory that is free. Raises RunError."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        (free,) = (int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError):
        return
    if bytes > free * 4 // 5:
        raise RunError(
            "no-memory",
            f"{what} needs {bytes:,} bytes, four fifths of the free memory are {free * 4 // 5:,}",
            help,
            file,
        )


def check_disk(folder: Path, state: int) -> None:
    """Refuse a folder without room for two checkpoints of `state` bytes. Raises RunError."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return
    free = found.f_bavail * found.f_frsize
    if free < 2 * state:
        raise RunError(
            "cannot-write",
            f"has room for {free:,} bytes, two checkpoints take {2 * state:,}",
            "make room, or choose another folder",
            str(folder),
            2,
        )
