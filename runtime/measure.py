"""How long predictions take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ports import Port, linear
from .record import Record

Array = NDArray[Any]

# Runs before the first that counts, and the fewest that do.
WARM, FEWEST = 3, 10


class Timing(Record):
    """Seconds of one run: the median, and what nine of ten runs stay below."""

    median: float
    high: float


def measure(
    run: Callable[[Mapping[str, Array]], object], inputs: Sequence[Port], sizes: Mapping[str, int], seconds: float
) -> Timing:
    """Time runs on random inputs for about so many seconds. A symbolic size without a number is 1."""
    rng = np.random.default_rng(0)
    arrays = {port.name: random_input(port, sizes, rng) for port in inputs}
    for _ in range(WARM):
        run(arrays)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < FEWEST or time.perf_counter() < end:
        start = time.perf_counter()
        run(arrays)
        times.append(time.perf_counter() - start)
    return Timing(float(np.median(times)), float(np.quantile(times, 0.9)))


def random_input(port: Port, sizes: Mapping[str, int], rng: np.random.Generator) -> Array:
    """Numbers that a port takes: from a normal distribution, those of a byte or a class, or else up to the largest
    size but that of the batch, as lengths are. A symbolic size without a number is 1."""
    shape = tuple(dim if isinstance(dim, int) else _size(dim, sizes) for dim in port.dims)
    if port.dtype.startswith("float"):
        return rng.normal(size=shape).astype(port.dtype)
    longest = max((size for name, size in sizes.items() if name != "N"), default=1)
    limit = {"uint8": 256, "bool": 2}.get(port.dtype) or port.classes or longest + 1
    return rng.integers(limit, size=shape).astype(port.dtype)


def _size(dim: str, sizes: Mapping[str, int]) -> int:
    """`T`, `2*T - 1`, or any other text in a model that netc did not make."""
    factor, symbol, shift = linear(dim) or (1, dim, 0)
    return factor * sizes.get(symbol, 1) + shift
