"""Files in the layout of safetensors: the length of a JSON header, the header, the numbers one after the other.

A file is mapped, not read: what its header says is held against its size before any number is touched.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.files import opened, unreadable
from ..errors import RunError
from ..limits import FileLimits
from ..record import Record

Array = NDArray[Any]
# The element types by NumPy's name, and the shapes, of arrays by their names.
Described = Mapping[str, tuple[str, tuple[int, ...]]]

DTYPES = {"float32": "F32", "float64": "F64", "int64": "I64", "uint8": "U8"}
# Types of the format that netc has none for.
OTHERS = ("BOOL", "I8", "I16", "U16", "F16", "BF16", "I32", "U32", "U64", "F8_E5M2", "F8_E4M3")
# The shortest entry of a header is longer than this for each of its three brackets.
BRACKET = 16
# What other files of weights start with.
_MARKS = {
    b"PK\3\4": "is an archive, such as `torch.save` makes, whose pickle could run code",
    b"\x80": "is a pickle, which could run code",
    b"\x93NUMPY": "is one array of NumPy",
    b"\x89HDF": "is an HDF5 file",
    b"version https://git-lfs": "is a pointer to a file that Git LFS keeps elsewhere",
}


class Whole(Record, eq=False):
    """A file whose header is right: `start` is where its numbers begin in `data`, which has all of its bytes."""

    tensors: Mapping[str, Array]
    metadata: Mapping[str, Any]
    data: NDArray[np.uint8]
    start: int


def encode(tensors: Mapping[str, Array], metadata: Mapping[str, str]) -> tuple[bytes, list[memoryview]]:
    """The start of a file up to its numbers, and these."""
    # A transposed array would be written in the order of its memory.
    whole = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    described = {name: (array.dtype.name, tensors[name].shape) for name, array in whole.items()}
    return head(described, metadata), [memoryview(array.reshape(-1).view(np.uint8).data) for array in whole.values()]


def head(tensors: Described, metadata: Mapping[str, str]) -> bytes:
    """The start of a file of these tensors up to its numbers."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    place = 0
    for name, (dtype, shape) in tensors.items():
        size = math.prod(shape) * np.dtype(dtype).itemsize
        header[name] = {"dtype": DTYPES[dtype], "shape": list(shape), "data_offsets": [place, place + size]}
        place += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def read(path: Path, limits: FileLimits) -> Whole:
    """A file with its header checked: its tensors fill what follows it, one after the other. Raises RunError."""
    with os.fdopen(opened(path), "rb") as file:
        try:
            length = os.fstat(file.fileno()).st_size
            first = file.read(32)
            size = int.from_bytes(first[:8], "little")
            if len(first) < 8 or size > length - 8:
                raise _no_safetensors(path, first)
            if size > limits.header_bytes:
                message = f"has a header of {size:,} bytes, more than {limits.header_bytes:,}"
                raise bad(path, message, "raise the limit if you trust the file: `--limit header_bytes=…`")
            file.seek(8)
            header = _header(path, file.read(size), first)
            data = np.memmap(file, np.uint8, "r")
        except OSError as error:
            raise unreadable(path, error) from None
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise bad(path, "has metadata that are not texts by name")
    return Whole(_tensors(path, header, data, 8 + size), metadata, data, 8 + size)


def bad(path: Path, message: str, help: str = "take another one") -> RunError:
    """The error for a file of weights that cannot be used."""
    return RunError("bad-checkpoint", message, help, str(path))


def _no_safetensors(path: Path, first: bytes) -> RunError:
    for mark, what in _MARKS.items():
        if first.startswith(mark):
            help = "write it with `safetensors.torch.save_file(module.state_dict(), FILE)`, or `numpy.savez(FILE, ...)`"
            return bad(path, what, help)
    return bad(path, "is not a whole safetensors file")


def _header(path: Path, text: bytes, first: bytes) -> dict[str, Any]:
    if not text.startswith(b"{"):
        raise _no_safetensors(path, first)
    # Objects and lists take many times the memory of their brackets.
    if text.count(b"{") + text.count(b"[") > len(text) // BRACKET + 3:
        raise bad(path, "has a header of brackets, not of tensors")
    try:
        header = json.loads(text.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise bad(path, "has a header that is not JSON, or names a tensor twice") from None
    assert isinstance(header, dict)
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _tensors(path: Path, header: Mapping[str, Any], data: NDArray[np.uint8], start: int) -> dict[str, Array]:
    """The arrays, which fill what follows the header one after the other."""
    tensors: dict[str, Array] = {}
    spans: list[tuple[int, int]] = []
    for name, entry in header.items():
        dtype, shape, first, last = _entry(path, name, entry)
        spans.append((first, last))
        if last > len(data) - start:
            raise bad(path, "is cut off")
        try:
            tensors[name] = np.frombuffer(data, dtype, math.prod(shape), start + first).reshape(shape)
        except ValueError:
            # A tensor without elements may have any other dims.
            raise bad(path, f"has a tensor `{name[:60]}` whose shape is too large") from None
    _check_spans(path, spans, len(data) - start)
    return tensors


def _entry(path: Path, name: str, entry: Any) -> tuple[np.dtype[Any], list[int], int, int]:
    known = {code: name for name, code in DTYPES.items()}
    try:
        code, shape, (first, last) = entry["dtype"], entry["shape"], entry["data_offsets"]
        if code in OTHERS:
            help = f"convert it to one of {', '.join(known)}"
            raise bad(path, f"has a tensor `{name[:60]}` of {code}", help)
        whole = type(shape) is list and all(type(number) is int and number >= 0 for number in (*shape, first, last))
        dtype = np.dtype(known[code])
    except (TypeError, KeyError, ValueError):
        raise bad(path, f"has a tensor `{name[:60]}` that cannot be read") from None
    if not whole or len(shape) > 32 or last - first != math.prod(shape) * dtype.itemsize:
        raise bad(path, f"has a tensor `{name[:60]}` whose shape does not fit its bytes")
    return dtype, shape, first, last


def _check_spans(path: Path, spans: Iterable[tuple[int, int]], length: int) -> None:
    place = 0
    for first, last in sorted(spans):
        if first != place:
            raise bad(path, "has tensors that overlap, or gaps between them")
        place = last
    if place != length:
        raise bad(path, "is longer than its tensors")
