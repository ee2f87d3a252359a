"""How long predictions take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ports import Port

Array = NDArray[Any]

# Runs before the first that counts, and the fewest that do.
WARM, FEWEST = 3, 10


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one run: the median, and what nine of ten runs stay below."""

    median: float
    high: float


def measure(run: Callable[[Mapping[str, Array]], object], inputs: Sequence[Port], batch: int, seconds: float) -> Timing:
    """Time runs on random inputs for about so many seconds. Symbolic sizes other than the batch are 1."""
    rng = np.random.default_rng(0)
    arrays = {port.name: _random(port, batch, rng) for port in inputs}
    for _ in range(WARM):
        run(arrays)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < FEWEST or time.perf_counter() < end:
        start = time.perf_counter()
        run(arrays)
        times.append(time.perf_counter() - start)
    return Timing(float(np.median(times)), float(np.quantile(times, 0.9)))


def _random(port: Port, batch: int, rng: np.random.Generator) -> Array:
    shape = tuple(dim if isinstance(dim, int) else batch if dim == "N" else 1 for dim in port.dims)
    if port.dtype.startswith("float"):
        return rng.normal(size=shape).astype(port.dtype)
    return rng.integers(port.classes or 1, size=shape).astype(port.dtype)
