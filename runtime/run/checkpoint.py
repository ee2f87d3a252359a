"""Checkpoints: everything that training needs to go on, in one safetensors file that tells whether it is whole.

The header's metadata holds the position, the identity of the network and a SHA-256 of the whole file with those 64
digits taken as zeros, so that any changed byte is found before anything is used.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from numpy.typing import NDArray

from ..errors import RunError
from ..limits import DEFAULT_FILE_LIMITS, FileLimits
from ..record import Record
from .atomic import cannot_write, write_atomic
from .safetensors import Described, Whole, bad, encode, head, read

Array = NDArray[Any]
T = TypeVar("T")

FORMAT = "netc-1"
KEPT = 2
_NAME = re.compile(r"^step-([0-9]{8,18})\.safetensors$")
_COUNT = re.compile(r"[0-9]{1,18}", re.ASCII)
_HASH = b'"sha256":"'
_NO_HASH = b"0" * 64


class State(Record, eq=False):
    """What training goes on from: `tensors` by name, and `position`, which JSON can hold."""

    step: int
    tensors: Mapping[str, Array]
    position: Mapping[str, Any]


class Weights(Record, eq=False):
    """Arrays by name, the file that they are of, and as far as it says so the characters that the numbers of a text
    stand for, and the epoch of a run that they are of."""

    arrays: Mapping[str, Array]
    file: str
    alphabet: str | None = None
    epoch: int | None = None


def save(folder: Path, state: State, identity: str) -> Path:
    """Write a checkpoint; of older ones the newest stays. Raises RunError, and then older ones are as they were.

    Those of later steps, which a run that starts afresh may find damaged, do not count and stay.
    """
    path = folder / f"step-{state.step:08d}.safetensors"
    start, parts = encode(state.tensors, _metadata(state.step, state.position, identity))
    digest = hashlib.sha256(start)
    for part in parts:
        digest.update(part)
    place = start.index(_HASH) + len(_HASH)
    start = start[:place] + digest.hexdigest().encode() + start[place + 64 :]
    write_atomic(path, start, *parts)
    for old in [old for old in _numbered(folder) if _step(old) <= state.step][KEPT:]:
        with suppress(OSError):
            old.unlink()
    return path


def _metadata(step: int, position: Mapping[str, Any], identity: str) -> dict[str, str]:
    return {
        "format": FORMAT,
        "identity": identity,
        "position": json.dumps(position, sort_keys=True),
        "step": str(step),
        "sha256": _NO_HASH.decode(),
    }


def check_saved(folder: Path, tensors: Described, limits: FileLimits) -> None:
    """Refuse a state that would be saved and not be read again. Raises RunError."""
    size = len(head(tensors, _metadata(0, {}, "")))
    if size > limits.header_bytes * 9 // 10:
        message = f"would hold checkpoints of {len(tensors):,} tensors, which take {size:,} bytes to list"
        raise RunError("limit", message, "raise the limit, also to resume: `--limit header_bytes=…`", str(folder))


def save_weights(
    path: Path, tensors: Mapping[str, Array], alphabet: str | None = None, epoch: int | None = None
) -> None:
    """Write weights alone, with the characters that the numbers of a text stand for, and the epoch that they are of.

    Raises RunError.
    """
    metadata = {"format": "netc-weights-1"} | ({"alphabet": alphabet} if alphabet else {})
    metadata |= {"epoch": str(epoch)} if epoch is not None else {}
    start, parts = encode(tensors, metadata)
    write_atomic(path, start, *parts)


def load(path: Path, identity: str, expected: Described, limits: FileLimits = DEFAULT_FILE_LIMITS) -> State:
    """Read and check a checkpoint of the network that `identity` and `expected` describe. Raises RunError."""
    found = read(path, limits)
    if found.metadata.get("format") != FORMAT:
        raise bad(path, "is not a checkpoint of a run")
    _check_hash(path, found)
    if found.metadata.get("identity") != identity:
        message = "is a checkpoint of another network, or of one with other layers between the same weights"
        raise RunError("other-network", message, "resume with the spec that it was made from", str(path))
    for name, (dtype, shape) in expected.items():
        tensor = found.tensors.get(name)
        if tensor is None or tensor.dtype.name != dtype or tensor.shape != shape:
            raise bad(path, f"does not have `{name}` as {dtype} {list(shape)}")
    if len(found.tensors) != len(expected):
        raise bad(path, "has tensors that the network does not have")
    return State(_step(path), found.tensors, _position(path, found.metadata))


def _check_hash(path: Path, found: Whole) -> None:
    start = found.data[: found.start].tobytes()
    place = start.find(_HASH, 8) + len(_HASH)
    digest = hashlib.sha256(start[:place])
    digest.update(_NO_HASH)
    digest.update(start[place + 64 :])
    digest.update(found.data.data[found.start :])
    if start[place : place + 64] != digest.hexdigest().encode():
        raise bad(path, "is damaged: its content does not have its hash")


def _position(path: Path, metadata: Mapping[str, Any]) -> dict[str, Any]:
    try:
        if int(metadata["step"]) != _step(path):
            raise bad(path, "has the name of another step")
        position = json.loads(metadata["position"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise bad(path, "does not say where training stood") from None
    if not isinstance(position, dict):
        raise bad(path, "does not say where training stood")
    return position


def load_weights(path: Path, limits: FileLimits = DEFAULT_FILE_LIMITS) -> Weights:
    """The weights of any safetensors file, with or without a name for their network before theirs. Raises RunError."""
    found = read(path, limits)
    alphabet = found.metadata.get("alphabet")
    if alphabet is not None and not is_alphabet(alphabet):
        raise bad(path, "has an alphabet that is not one")
    model = {name.removeprefix("model/"): array for name, array in found.tensors.items() if name.startswith("model/")}
    return Weights(model or found.tensors, str(path), alphabet, _epoch(found.metadata.get("epoch")))


def _epoch(found: object) -> int | None:
    return int(found) if isinstance(found, str) and _COUNT.fullmatch(found) else None


def is_alphabet(found: object) -> bool:
    """Whether this is a text of different characters."""
    return isinstance(found, str) and found != "" and len(set(found)) == len(found)


def newest(
    folder: Path,
    identity: str,
    expected: Described,
    restored: Callable[[State], T],
    limits: FileLimits = DEFAULT_FILE_LIMITS,
) -> tuple[T | None, list[str]]:
    """What `restored` makes of the newest whole checkpoint of a folder, and why newer ones were passed over: it raises
    ValueError for a position that is none.

    Raises RunError when the newest is of another network.
    """
    skipped: list[str] = []
    for path in _numbered(folder):
        try:
            return restored(load(path, identity, expected, limits)), skipped
        except RunError as error:
            if error.code == "other-network":
                raise
            skipped.append(f"{path.name} {error.message}")
        except ValueError:
            skipped.append(f"{path.name} does not say where training stood")
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
