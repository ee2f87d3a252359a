"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ..errors import RunError


def write_atomic(path: Path, *parts: bytes | memoryview) -> None:
    """Write a file under a temporary name, and give it its own once all of it is on the disk.

    Whatever fails, the file that was there before stays as it was. Raises RunError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if path.exists() and not path.is_file():
            _write_through(path, parts)
            return
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            for part in parts:
                _write(descriptor, part)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise cannot_write(path, error) from None
        raise


def append(path: Path, text: str) -> None:
    """Add lines to a file, and have them on the disk. A failure leaves it as it was, where that can be done.

    Raises RunError.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            before = os.fstat(descriptor).st_size
            try:
                _write(descriptor, text.encode())
                os.fsync(descriptor)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)
    except OSError as error:
        raise cannot_write(path, error) from None


def _write_through(path: Path, parts: tuple[bytes | memoryview, ...]) -> None:
    """Write to what is no file, such as /dev/stdout or a pipe, and must not be replaced by one. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        for part in parts:
            _write(descriptor, part)
    finally:
        os.close(descriptor)


def _write(descriptor: int, part: bytes | memoryview) -> None:
    left = memoryview(part).cast("B")
    while left:
        left = left[os.write(descriptor, left[: 1 << 24]) :]


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cannot_write(path: Path, error: OSError) -> RunError:
    """The error for a file that cannot be written."""
    reason = (error.strerror or "unknown reason").lower()
    return RunError("cannot-write", f"cannot be written: {reason}", "make room, or choose another folder", str(path), 2)
