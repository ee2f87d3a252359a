"""Checkpoints: everything that training needs to go on, in one safetensors file that tells whether it is whole.

The layout is that of safetensors: the length of a JSON header, the header, the numbers. The header's metadata holds
the position, the identity of the network and a SHA-256 of the whole file with those 64 digits taken as zeros, so that
any changed byte is found before anything is used.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.files import read
from ..errors import RunError
from ..limits import DEFAULT_FILE_LIMITS
from .atomic import cannot_write, write_atomic

Array = NDArray[Any]

DTYPES = {"float32": "F32", "float64": "F64", "int64": "I64", "uint8": "U8"}
FORMAT = "netc-1"
MAX_HEADER = 100_000_000
KEPT = 2
_NAME = re.compile(r"^step-(\d{8,})\.safetensors$")
_HASH = b'"sha256":"'
_NO_HASH = b"0" * 64

Expected = Mapping[str, tuple[str, tuple[int, ...]]]


@dataclass(frozen=True, eq=False)
class State:
    """What training goes on from: `tensors` by name, and `position`, which JSON can hold."""

    step: int
    tensors: Mapping[str, Array]
    position: Mapping[str, Any]


def save(folder: Path, state: State, identity: str) -> Path:
    """Write a checkpoint; of older ones the newest stays. Raises RunError, and then older ones are as they were.

    Those of later steps, which a run that starts afresh may find damaged, do not count and stay.
    """
    path = folder / f"step-{state.step:08d}.safetensors"
    metadata = {
        "format": FORMAT,
        "identity": identity,
        "position": json.dumps(state.position, sort_keys=True),
        "step": str(state.step),
        "sha256": _NO_HASH.decode(),
    }
    head, parts = _encoded(state.tensors, metadata)
    digest = hashlib.sha256(head)
    for part in parts:
        digest.update(part)
    place = head.index(_HASH) + len(_HASH)
    head = head[:place] + digest.hexdigest().encode() + head[place + 64 :]
    write_atomic(path, head, *parts)
    for old in [old for old in _numbered(folder) if _step(old) <= state.step][KEPT:]:
        with suppress(OSError):
            old.unlink()
    return path


def save_weights(path: Path, tensors: Mapping[str, Array], alphabet: str | None = None) -> None:
    """Write weights alone, with the characters that the numbers of a text stand for. Raises RunError."""
    head, parts = _encoded(tensors, {"format": "netc-weights-1"} | ({"alphabet": alphabet} if alphabet else {}))
    write_atomic(path, head, *parts)


def _encoded(tensors: Mapping[str, Array], metadata: Mapping[str, str]) -> tuple[bytes, list[memoryview]]:
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    parts: list[memoryview] = []
    place = 0
    for name, array in tensors.items():
        # A transposed array would be written in the order of its memory.
        whole = np.ascontiguousarray(array)
        header[name] = {
            "dtype": DTYPES[whole.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [place, place + whole.nbytes],
        }
        place += whole.nbytes
        parts.append(memoryview(whole.reshape(-1).view(np.uint8).data))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, parts


def load(path: Path, identity: str, expected: Expected) -> State:
    """Read and check a checkpoint of the network that `identity` and `expected` describe. Raises RunError."""
    data = read(path, DEFAULT_FILE_LIMITS)
    header, start = _header(path, data)
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise _bad(path, "is not a checkpoint of a run")
    place = data.find(_HASH, 8, start) + len(_HASH)
    digest = hashlib.sha256(data[:place])
    digest.update(_NO_HASH)
    digest.update(memoryview(data)[place + 64 :])
    if data[place : place + 64] != digest.hexdigest().encode():
        raise _bad(path, "is damaged: its content does not have its hash")
    if metadata.get("identity") != identity:
        help = "resume with the spec that it was made from"
        raise RunError("other-network", "is a checkpoint of another network", help, str(path))
    tensors = _tensors(path, header, data, start)
    for name, (dtype, shape) in expected.items():
        if name not in tensors or tensors[name].dtype.name != dtype or tensors[name].shape != shape:
            raise _bad(path, f"does not have `{name}` as {dtype} {list(shape)}")
    if len(tensors) != len(expected):
        raise _bad(path, "has tensors that the network does not have")
    return State(_step(path), tensors, _position(path, metadata))


def _position(path: Path, metadata: Mapping[str, Any]) -> dict[str, Any]:
    try:
        if int(metadata["step"]) != _step(path):
            raise _bad(path, "has the name of another step")
        position = json.loads(metadata["position"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise _bad(path, "does not say where training stood") from None
    if not isinstance(position, dict):
        raise _bad(path, "does not say where training stood")
    return position


def load_weights(path: Path) -> dict[str, Array]:
    """The tensors of any safetensors file, with or without a name for their network before theirs. Raises RunError."""
    data = read(path, DEFAULT_FILE_LIMITS)
    header, start = _header(path, data)
    header.pop("__metadata__", None)
    tensors = _tensors(path, header, data, start)
    if any(name.startswith("model/") for name in tensors):
        return {name.removeprefix("model/"): array for name, array in tensors.items() if name.startswith("model/")}
    return tensors


def load_alphabet(path: Path) -> str | None:
    """The characters that the numbers of a text stand for, None where weights say nothing of it. Raises RunError."""
    header, _ = _header(path, read(path, DEFAULT_FILE_LIMITS))
    metadata = header.get("__metadata__")
    found = metadata.get("alphabet") if isinstance(metadata, dict) else None
    if found is None or (isinstance(found, str) and found and len(set(found)) == len(found)):
        return found
    raise _bad(path, "has an alphabet that is not one")


def newest(folder: Path, identity: str, expected: Expected) -> tuple[State | None, list[str]]:
    """The newest whole checkpoint of a folder, and why newer ones were passed over.

    Raises RunError when the newest is of another network.
    """
    skipped: list[str] = []
    for path in _numbered(folder):
        try:
            return load(path, identity, expected), skipped
        except RunError as error:
            if error.code == "other-network":
                raise
            skipped.append(f"{path.name} {error.message}")
    return None, skipped


def _numbered(folder: Path) -> list[Path]:
    """The checkpoints of a folder by the number of their step, the newest first."""
    try:
        return sorted((path for path in folder.iterdir() if _NAME.match(path.name)), key=_step, reverse=True)
    except OSError as error:
        raise cannot_write(folder, error) from None


def _step(path: Path) -> int:
    match = _NAME.match(path.name)
    return int(match[1]) if match else -1


def _bad(path: Path, message: str) -> RunError:
    return RunError("bad-checkpoint", message, "take another one", str(path))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _header(path: Path, data: bytes) -> tuple[dict[str, Any], int]:
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(MAX_HEADER, len(data) - 8):
        raise _bad(path, "is not a whole safetensors file")
    try:
        header = json.loads(data[8 : 8 + size].decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise _bad(path, "has a header that is not JSON, or names a tensor twice") from None
    if not isinstance(header, dict):
        raise _bad(path, "has a header without tensors")
    return header, 8 + size


def _tensors(path: Path, header: Mapping[str, Any], data: bytes, start: int) -> dict[str, Array]:
    """The arrays, which fill what follows the header one after the other."""
    known = {code: name for name, code in DTYPES.items()}
    tensors: dict[str, Array] = {}
    spans = []
    for name, entry in header.items():
        try:
            code, shape, (first, last) = entry["dtype"], entry["shape"], entry["data_offsets"]
            whole = type(shape) is list and all(type(number) is int and number >= 0 for number in (*shape, first, last))
            dtype = np.dtype(known[code])
        except (TypeError, KeyError, ValueError):
            raise _bad(path, f"has a tensor `{str(name)[:60]}` that cannot be read") from None
        if not whole or len(shape) > 32 or last - first != math.prod(shape) * dtype.itemsize:
            raise _bad(path, f"has a tensor `{name[:60]}` whose shape does not fit its bytes")
        spans.append((first, last))
        if last > len(data) - start:
            raise _bad(path, "is cut off")
        try:
            tensors[name] = np.frombuffer(data, dtype, math.prod(shape), start + first).reshape(shape)
        except ValueError:
            # A tensor without elements may have any other dims.
            raise _bad(path, f"has a tensor `{name[:60]}` whose shape is too large") from None
    place = 0
    for first, last in sorted(spans):
        if first != place:
            raise _bad(path, "has tensors that overlap, or gaps between them")
        place = last
    if place != len(data) - start:
        raise _bad(path, "is longer than its tensors")
    return tensors
