"""NumPy's files, .npy and .npz, without anything in them that could be code.

The header is read here and not by NumPy: a dtype with objects would be a pickle, and a shape that does not fit the file
an allocation of any size.
"""

from __future__ import annotations

import ast
import errno
import math
import os
import re
import zipfile
import zlib
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..limits import FileLimits
from .files import bad, fits, opened, room, unreadable

Array = NDArray[Any]

MAGIC = b"\x93NUMPY"
MAX_HEADER = 4096
# What the list of an archive's members takes for each of them, with a long name.
LISTED = 256
# How numpy.savez and savez_compressed pack; the decoders of other methods fail in their own ways.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DTYPE = re.compile(r"^([<>|=]?)([biuf])([1248])$|^([<>|=]?)\?$")


def header(where: Path | str, data: bytes, length: int) -> tuple[np.dtype[Any], tuple[int, ...], bool, int]:
    """The dtype, shape, whether in Fortran order, and the offset of the numbers; `length` is the size of the file.

    Raises RunError unless it is a plain array of numbers that fills the file.
    """
    if data[:6] != MAGIC or len(data) < 12:
        raise bad(where, "is not a .npy file: it does not start with NumPy's mark", "write it with numpy.save")
    if data[6] not in (1, 2, 3) or data[7] != 0:
        raise bad(where, f"has version {data[6]}.{data[7]} of the .npy format", "write it with numpy.save")
    width = 2 if data[6] == 1 else 4
    size = int.from_bytes(data[8 : 8 + width], "little")
    start = 8 + width
    if size > MAX_HEADER or start + size > len(data):
        raise bad(where, f"has a header of {size:,} bytes", "write it with numpy.save")
    fields = _fields(where, data[start : start + size])
    found = _DTYPE.match(fields["descr"]) if isinstance(fields["descr"], str) else None
    if found is None:
        raise bad(
            where,
            f"holds {str(fields['descr'])[:40]!r}, not plain numbers",
            "convert it: array.astype(numpy.float32), saved with allow_pickle=False",
        )
    try:
        dtype = np.dtype(fields["descr"])
    except TypeError:
        raise bad(where, f"holds {fields['descr']!r}, which is no type of numbers", "convert it to float32") from None
    shape, fortran = fields["shape"], fields["fortran_order"]
    plain = isinstance(shape, tuple) and all(type(size) is int and 0 <= size < 1 << 63 for size in shape)
    if not plain or len(shape) > 32 or not isinstance(fortran, bool):
        raise bad(where, "has a header with no shape", "write it with numpy.save")
    wanted = math.prod(shape) * dtype.itemsize
    if wanted != length - start - size:
        raise bad(
            where,
            f"is {list(shape)} of {dtype}, {wanted:,} bytes, but {length - start - size:,} follow its header",
            "it was cut off or changed: write it again",
        )
    if not fits(shape, dtype.itemsize):
        raise bad(where, f"is {list(shape)}, empty but for its sizes", "write it again")
    return dtype, shape, fortran, start + size


def _fields(where: Path | str, text: bytes) -> dict[str, Any]:
    try:
        fields = ast.literal_eval(text.decode("latin-1").strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or set(fields) != {"descr", "fortran_order", "shape"}:
        raise bad(where, "has a header that is not NumPy's", "write it with numpy.save")
    return fields


def load_npy(path: Path) -> Array:
    """The array of a .npy file, mapped into memory. Raises RunError."""
    with os.fdopen(opened(path), "rb") as file:
        length = os.fstat(file.fileno()).st_size
        dtype, shape, fortran, start = header(path, file.read(MAX_HEADER + 16), length)
        if math.prod(shape) == 0:
            return np.zeros(shape, dtype)
        return np.memmap(file, dtype, "r", start, shape, "F" if fortran else "C")


def load_npz(path: Path, limits: FileLimits) -> dict[str, Array]:
    """The arrays of an .npz file by name. Raises RunError."""
    with _Listed(FileIO(opened(path))) as file:
        try:
            file.most = LISTED * limits.members
            archive = zipfile.ZipFile(file)
            file.most = None
            members = _members(path, archive, os.fstat(file.fileno()).st_size, limits)
            return {name: _member(path, archive, info) for name, info in members.items()}
        except (
            zipfile.BadZipFile,
            zipfile.LargeZipFile,
            EOFError,
            NotImplementedError,
            RuntimeError,
            ValueError,
        ) as error:
            raise bad(path, f"is not a whole .npz file: {str(error)[:100]}", "write it with numpy.savez") from None
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise bad(path, "is not a whole .npz file: a place before its start", "write it again") from None
            raise unreadable(path, error) from None
        except zlib.error:
            raise bad(path, "is damaged: it does not unpack", "write it again") from None


class _Listed(BufferedReader):
    """A file of which at most so many bytes are read at once: the list of its members is read as a whole, and becomes
    many times as long."""

    most: int | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        if self.most is not None:
            rest = os.fstat(self.fileno()).st_size - self.tell()
            if (rest if size is None or size < 0 else min(size, rest)) > self.most:
                raise zipfile.BadZipFile("the list of its members is too long")
        return super().read(size)


def _members(path: Path, archive: zipfile.ZipFile, length: int, limits: FileLimits) -> dict[str, zipfile.ZipInfo]:
    """The members by the names of their arrays; the archive has so many bytes."""
    infos = archive.infolist()
    if len(infos) > limits.members:
        message = f"has {len(infos):,} members, more than {limits.members:,}"
        raise bad(path, message, "divide it, or raise the limit: `--limit members=…`")
    # What the archive says of the packed sizes may be made up, or the same bytes stand for many members.
    size = sum(info.file_size for info in infos)
    if size > limits.unpack_ratio * length:
        message = f"unpacks to {size:,} bytes, more than {limits.unpack_ratio} times its own, as a zip bomb does"
        raise bad(path, message, "write it with numpy.savez, or raise the limit: `--limit unpack_ratio=…`")
    room(path, size, limits)
    found: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.filename.removesuffix(".npy")
        if not info.filename.endswith(".npy") or not re.fullmatch(r"[\w .\-]{1,100}", name):
            raise bad(path, f"has a member {info.filename[:60]!r}, which is no array", "write it with numpy.savez")
        if name in found:
            raise bad(path, f"has two members {name!r}", "write it again with one")
        if info.flag_bits & 1:
            raise bad(path, "is encrypted", "write it without a password")
        if info.compress_type not in METHODS:
            raise bad(path, f"packs {name!r} by method {info.compress_type} of zip", "write it with numpy.savez")
        found[name] = info
    return found


def _member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    with archive.open(info) as file:
        data = file.read(info.file_size + 1)
    where = f"{path}: {info.filename}"
    if len(data) != info.file_size:
        raise bad(where, "is not as long as the archive says", "write it again")
    dtype, shape, fortran, start = header(where, data[: MAX_HEADER + 16], len(data))
    array = np.frombuffer(data, dtype, offset=start)
    return array.reshape(shape, order="F" if fortran else "C")
