"""The door through which data files come in: regular files alone, of a bounded size."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import RunError
from ..limits import FileLimits
from ..space import check_memory

# Elements times bytes of what NumPy can address; some shapes beyond it are empty all the same.
ADDRESSES = 1 << 62


def bad(path: Path | str, message: str, help: str = "", code: str = "bad-data") -> RunError:
    """The error for a data file that cannot be used."""
    return RunError(code, message, help, str(path), 2 if code == "missing-file" else 1)


def fits(shape: Sequence[int], itemsize: int) -> bool:
    """Whether NumPy can make an array of this shape, which it refuses for some that are empty but for their sizes."""
    return math.prod(size for size in shape if size) * itemsize <= ADDRESSES


def is_folder(path: Path) -> bool:
    """Whether a path is that of a folder; what cannot be told is said by whoever opens it as a file."""
    with suppress(OSError, ValueError):
        return path.is_dir()
    return False


def opened(path: Path) -> int:
    """A descriptor of a regular file, open for reading. Raises RunError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise unreadable(path, error) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise bad(path, "is not a regular file", "give a file, or a folder of IDX files")
    return descriptor


def unreadable(path: Path, error: OSError) -> RunError:
    """The error for a file or folder that cannot be opened or read."""
    reason = (error.strerror or "unknown reason").lower()
    return bad(path, f"cannot be read: {reason}", "check the path", "missing-file")


def room(path: Path | str, bytes: int, limits: FileLimits, factor: int = 1) -> None:
    """Refuse to hold so many bytes of a file's numbers in memory where they are over the limit, or where `factor` times
    as many, which reading them takes, are not free. Raises RunError."""
    if bytes > limits.data_bytes:
        raise bad(
            path,
            f"holds {bytes:,} bytes, more than {limits.data_bytes:,}",
            "convert it to .npy, which is not read as a whole; or raise the limit: `--limit data_bytes=…`",
        )
    check_memory(bytes * factor, "reading it", "convert it to .npy, which is not read as a whole", str(path))


def read(path: Path, limits: FileLimits, factor: int = 1) -> bytes:
    """The bytes of a regular file; `factor` times as many will be needed. Raises RunError."""
    with os.fdopen(opened(path), "rb") as file:
        length = os.fstat(file.fileno()).st_size
        room(path, length, limits, factor)
        try:
            # The memory for so many bytes is taken at once.
            return file.read(length)
        except OSError as error:
            raise unreadable(path, error) from None
