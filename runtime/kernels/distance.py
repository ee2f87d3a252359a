"""Distances between the rows of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def squared_distance(x: Array, codes: Array, y: Array, work: Array) -> None:
    """y[r, i] = Σ (x[r] − codes[i])²; x is [rows, features], `work` scratch memory for one row.

    The differences are taken first: |x|² − 2 x·c + |c|² would lose the digits of small distances.
    """
    for row in range(x.shape[0]):
        for place in range(codes.shape[0]):
            np.subtract(x[row], codes[place], out=work)
            y[row, place] = np.dot(work, work)
