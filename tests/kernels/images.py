"""Random images as kernels see them, and scratch memory that holds garbage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def random_image(seed: int, *shape: int, whole: bool = False) -> Array:
    """[N, channels, height, width], stored channels-last; with `whole` of few whole numbers, so that many are equal."""
    n, channels, height, width = shape
    rng = np.random.default_rng(seed)
    size = (n, height, width, channels)
    values = rng.integers(-2, 3, size).astype(np.float64) if whole else rng.standard_normal(size)
    return values.transpose(0, 3, 1, 2)


def empty_image(*shape: int) -> Array:
    n, channels, height, width = shape
    return garbage(n, height, width, channels).transpose(0, 3, 1, 2)


def garbage(*shape: int) -> Array:
    return np.full(shape, np.nan)
