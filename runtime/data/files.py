"""The door through which data files come in: regular files alone, of a bounded size."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from ..errors import RunError

# What a data file, or all members of an archive together, may have unpacked.
MAX_BYTES = 4 << 30


def bad(path: Path | str, message: str, help: str = "", code: str = "bad-data") -> RunError:
    """The error for a data file that cannot be used."""
    return RunError(code, message, help, str(path), 2 if code == "missing-file" else 1)


def fits(shape: Sequence[int], itemsize: int) -> bool:
    """Whether an array of this shape stays below the bound, its sizes of 0 left out: NumPy refuses some empty ones."""
    return math.prod(size for size in shape if size) * itemsize <= MAX_BYTES


def opened(path: Path) -> int:
    """A descriptor of a regular file, open for reading. Raises RunError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise bad(
            path, f"cannot be read: {(error.strerror or 'unknown reason').lower()}", "check the path", "missing-file"
        ) from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise bad(path, "is not a regular file", "give a file, or a folder of IDX files")
    if status.st_size > MAX_BYTES:
        os.close(descriptor)
        raise bad(path, f"has {status.st_size:,} bytes, more than {MAX_BYTES:,}", "divide it, or convert it to .npy")
    return descriptor


def read(path: Path) -> bytes:
    """The bytes of a regular file. Raises RunError."""
    with os.fdopen(opened(path), "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise bad(path, f"has more than {MAX_BYTES:,} bytes", "divide it")
    return data
