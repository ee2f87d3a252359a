"""The contract between data and a net: shapes, element types, ranges, and that every number is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..ports import Port
from .dataset import Dataset

Array = NDArray[Any]

# How many samples are looked at together.
BLOCK = 1024


def check(data: Dataset, ports: Sequence[Port], where: str) -> None:
    """Check every sample against the ports. Raises RunError that names each port that does not fit, and why."""
    single = [port.name for port in ports if data.arrays[port.name].ndim == 0]
    if single:
        help = "put the samples along the first dimension"
        raise RunError("bad-data", f"`{single[0]}` is a single number, not samples", help, where)
    sizes = {port.name: len(data.arrays[port.name]) for port in ports}
    if len(set(sizes.values())) > 1:
        counts = ", ".join(f"`{name}` {size:,}" for name, size in sizes.items())
        raise RunError("bad-data", f"the numbers of samples differ: {counts}", "give each sample its label", where)
    if data.size == 0:
        raise RunError("bad-data", "there is no sample", "give at least one", where)
    found = [problem for port in ports if (problem := _problem(port, data)) is not None]
    if found:
        message = "; ".join(message for message, _ in found)
        raise RunError("bad-data", message, found[0][1], where)


def _problem(port: Port, data: Dataset) -> tuple[str, str] | None:
    array = data.arrays[port.name]
    shape = array.shape[1:]
    if not _fits(shape, port.shape):
        wanted = ", ".join("any" if size is None else str(size) for size in port.shape)
        return f"`{port.name}` is [{wanted}] for each sample, the data are {list(shape)}", _shape_help(shape, port)
    if array.dtype.kind not in "biuf":
        return f"`{port.name}` holds {array.dtype}, not numbers", "convert it to float32 or int64"
    for places in _blocks(data):
        part = data.take(places)[port.name]
        problem = _numbers(port, part, places)
        if problem is not None:
            return problem
    return None


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(b in (None, a) for a, b in zip(shape, wanted, strict=True))


def _shape_help(shape: tuple[int, ...], port: Port) -> str:
    wanted = port.shape
    if len(wanted) == 3 and shape == wanted[1:] and wanted[0] == 1:
        return "add a channel axis: `x[:, None]`"
    if len(wanted) == 3 and len(shape) == 3 and (shape[2], shape[0], shape[1]) == wanted:
        return "the channels come first here: `x.transpose(0, 3, 1, 2)`"
    if len(wanted) == 1 and len(shape) > 1 and int(np.prod(shape)) == wanted[0]:
        return "write `flatten` in the spec, with the input as the data are, or `x.reshape(len(x), -1)`"
    return "change the input in the spec, or the data"


def _blocks(data: Dataset) -> Iterator[NDArray[np.int64]]:
    for start in range(0, data.size, BLOCK):
        yield np.arange(start, min(start + BLOCK, data.size))


def _numbers(port: Port, part: Array, places: NDArray[np.int64]) -> tuple[str, str] | None:
    def sample(wrong: Array) -> tuple[int, str]:
        where = tuple(int(index[0]) for index in np.nonzero(wrong))
        return int(places[where[0]]), f"{part[where]}"

    if part.dtype.kind == "f" and not np.isfinite(part).all():
        place, value = sample(~np.isfinite(part))
        return f"sample {place:,} of `{port.name}` has {value}", "take such samples out, or put numbers in"
    if port.dtype.startswith("float"):
        wrong = np.abs(part) > np.finfo(port.dtype).max if part.dtype.kind == "f" else np.zeros(part.shape, bool)
        if wrong.any():
            place, value = sample(wrong)
            return f"sample {place:,} of `{port.name}` has {value}, beyond {port.dtype}", "scale the numbers down"
        return None
    if part.dtype.kind == "f" and (part != np.floor(part)).any():
        place, value = sample(part != np.floor(part))
        return f"sample {place:,} of `{port.name}` has {value}, not a whole number", "give whole numbers"
    if part.dtype.kind == "b":
        part = part.view(np.uint8)
    low, top = _range(port)
    wrong = (part < low) | (part >= top)
    if port.ignore is not None:
        wrong &= part != port.ignore
    if wrong.any():
        place, value = sample(wrong)
        counted = "; they seem to be counted from 1" if int(part.min()) == 1 and int(part.max()) == top else ""
        return (
            f"sample {place:,} of `{port.name}` has {value}, the net knows {low} to {top - 1}{counted}",
            "number the classes from 0, or give the net more of them" if port.classes else "change the numbers",
        )
    return None


def _range(port: Port) -> tuple[int, int]:
    """The least whole number that a port takes, and the first that is too large."""
    if port.dtype == "int64" and port.classes is None:
        return -(1 << 63), 1 << 63
    return 0, {"uint8": 256, "bool": 2}.get(port.dtype) or port.classes or 0
