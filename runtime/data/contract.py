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

# How many bytes are looked at together.
BLOCK = 4 << 20


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
    for part, places in _blocks(data, array):
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


def _blocks(data: Dataset, array: Array) -> Iterator[tuple[Array, NDArray[np.int64]]]:
    """The chosen samples of an array in parts, with the places of the samples."""
    count = max(BLOCK // max(array[:1].nbytes, 1), 1)
    for start in range(0, data.size, count):
        places = np.arange(start, min(start + count, data.size))
        samples = array[start : start + count] if data.chosen is None else array[data.chosen[places]]
        for part in _parts(samples):
            yield part, places


def _parts(samples: Array, axis: int = 1) -> Iterator[Array]:
    """Samples in parts along their own dimensions, where one of them is large."""
    if samples.nbytes <= BLOCK or axis == samples.ndim:
        yield samples
        return
    step = max(BLOCK * samples.shape[axis] // samples.nbytes, 1)
    for start in range(0, samples.shape[axis], step):
        yield from _parts(samples[(slice(None),) * axis + (slice(start, start + step),)], axis + 1)


def _numbers(port: Port, part: Array, places: NDArray[np.int64]) -> tuple[str, str] | None:
    """What is wrong with the samples of a part, which has these places, and the way out."""

    def found(wrong: Array, what: str, help: str) -> tuple[str, str]:
        where = tuple(int(index[0]) for index in np.nonzero(wrong))
        return f"sample {int(places[where[0]]):,} of `{port.name}` has {part[where]}{what}", help

    kind = part.dtype.kind
    if kind == "f" and not np.isfinite(part).all():
        return found(~np.isfinite(part), "", "take such samples out, or put numbers in")
    if port.dtype.startswith("float"):
        limits = np.finfo(port.dtype)
        if kind in "fiu" and (wrong := np.abs(part) > limits.max).any():
            return found(wrong, f", beyond {port.dtype}", "scale the numbers down")
        if kind in "iu" and (wrong := _rounded(part, limits.nmant + 1)).any():
            help = "scale the numbers, take `f64`, or round them yourself: `x.astype(numpy.float32)`"
            return found(wrong, f", which {port.dtype} rounds", help)
        return None
    if kind == "f" and (wrong := part != np.floor(part)).any():
        return found(wrong, ", not a whole number", "give whole numbers")
    if kind == "b":
        part = part.view(np.uint8)
    low, top = _range(port)
    wrong = (part < low) | (part >= top)
    if port.ignore is not None:
        wrong &= part != port.ignore
    if wrong.any():
        counted = "; they seem to be counted from 1" if int(part.min()) == 1 and int(part.max()) == top else ""
        help = "number the classes from 0, or give the net more of them" if port.classes else "change the numbers"
        return found(wrong, f", the net knows {low} to {top - 1}{counted}", help)
    return None


def _rounded(part: Array, bits: int) -> Array:
    """Which whole numbers a float with so many bits does not have: those that stay larger without their last zeros."""
    if part.dtype.itemsize * 8 <= bits:
        return np.zeros(part.shape, bool)
    # The absolute value of -2^63 is itself, and 2^63 as an unsigned number.
    size = np.abs(part).astype(np.uint64)
    lowest = np.maximum(size & (~size + np.uint64(1)), np.uint64(1))
    return size // lowest >= np.uint64(1 << bits)


def _range(port: Port) -> tuple[int, int]:
    """The least whole number that a port takes, and the first that is too large."""
    if port.dtype == "int64" and port.classes is None:
        return -(1 << 63), 1 << 63
    return 0, {"uint8": 256, "bool": 2}.get(port.dtype) or port.classes or 0
