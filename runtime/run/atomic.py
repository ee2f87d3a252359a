"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from ..errors import RunError

_TEMPORARY = re.compile(r"\..+\.[0-9]+\.tmp")


def write_atomic(path: Path, *parts: bytes | memoryview, mode: int | None = None) -> None:
    """Write a file under a temporary name, and give it its own once all of it is on the disk; `mode` are the rights
    that it has, by default those of a new file.

    Whatever fails, what was there before stays as it was; a link or pipe of that name is replaced, and not written
    through. Raises RunError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with suppress(FileNotFoundError):
            # One of a process that had this number, or a link that somebody laid out.
            temporary.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o644 if mode is None else 0o600)
        try:
            for part in parts:
                _write(descriptor, part)
            if mode is not None:
                os.fchmod(descriptor, mode)
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
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
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


def write_output(path: Path, *parts: bytes | memoryview) -> None:
    """Write what a user asked for: to a pipe or device that they name, as /dev/stdout, and else to a file as
    `write_atomic` does. Raises RunError."""
    if not _is_stream(path):
        write_atomic(path, *parts)
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            for part in parts:
                _write(descriptor, part)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise cannot_write(path, error) from None


def _is_stream(path: Path) -> bool:
    """Whether a path is that of a pipe or device. A link is one where the system made it, such as /dev/stdout: a
    stranger's link could lead to any device."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    if stat.S_ISLNK(mode):
        return path.absolute().parts[:2] in (("/", "dev"), ("/", "proc"))
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _write(descriptor: int, part: bytes | memoryview) -> None:
    left = memoryview(part).cast("B")
    while left:
        left = left[os.write(descriptor, left[: 1 << 24]) :]


def remove_temporaries(folder: Path) -> None:
    """Remove what writers left behind that were killed; nobody else may write there."""
    with suppress(OSError):
        for path in folder.iterdir():
            if _TEMPORARY.fullmatch(path.name):
                with suppress(OSError):
                    path.unlink()


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
