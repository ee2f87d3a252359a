"""What this machine can do at most: the two lines of a roofline, after Williams, Waterman and Patterson 2009."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np

from .record import Record

# Matrices of which a product takes some milliseconds, and arrays that are larger than caches are.
SIDE, COPIED, ROUNDS = 1024, 64 << 20, 8


class Roofline(Record):
    """Floating-point operations per second of a matrix product, bytes read and written per second by a copy."""

    flops: float
    bandwidth: float

    def least(self, flops: int, bytes: int) -> float:
        """The seconds that so much work takes at least, with every byte from memory."""
        return max(flops / self.flops, bytes / self.bandwidth)


def measure_roofline(dtype: str) -> Roofline:
    """The best of a few products of matrices, in `dtype` and on the threads that BLAS has, and of a few copies."""
    a = np.random.default_rng(0).normal(size=(SIDE, SIDE)).astype(dtype)
    b = a.copy()
    product = np.empty_like(a)
    source = np.ones(COPIED, np.uint8)
    copy = np.zeros_like(source)
    return Roofline(
        2 * SIDE**3 / _best(lambda: np.matmul(a, b, out=product)),
        2 * COPIED / _best(lambda: np.copyto(copy, source)),
    )


def _best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)
