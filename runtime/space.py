"""Memory and disk for what is to be run, looked at before it starts."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path

from .errors import RunError

SMALLER = "make the batch smaller; `netc analyze SPEC --budget 2GiB` says how large it may be"


def check_memory(bytes: int, what: str = "training", help: str = SMALLER, file: str = "") -> None:
    """Refuse what would take more than four fifths of the memory that is free. Raises RunError."""
    most = _most()
    if most is not None and bytes > most:
        message = f"{what} needs {bytes:,} bytes, four fifths of the free memory are {most:,}"
        raise RunError("no-memory", message, help, file)


def limit_memory() -> None:
    """Have the system refuse this process more than four fifths of the memory that is free, where what it runs cannot
    be told to need less: an allocation fails, instead of a process that the system picks."""
    most = _most()
    with suppress(OSError, ValueError):
        used = _kilobytes("/proc/self/status", "VmData:")
        if most is not None and used is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (used + most, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _most() -> int | None:
    """Four fifths of the memory that is free, None where the system does not say."""
    free = _kilobytes("/proc/meminfo", "MemAvailable:")
    return None if free is None else free * 4 // 5


def _kilobytes(file: str, name: str) -> int | None:
    """A line `name: … kB` in bytes."""
    try:
        lines = Path(file).read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
    except (OSError, ValueError, StopIteration):
        return None


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
