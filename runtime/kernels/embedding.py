"""The gradient of a table that rows were looked up in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sum_rows(labels: Array, vectors: Array, table: Array, places: Array, chosen: Array) -> None:
    """table[k] = Σ vectors[i] over the i with labels[i] = k, as a product with a matrix of zeros and ones.

    `places` [rows] and `chosen` [rows, entries of the table] are scratch memory.
    """
    places.fill(chosen.shape[1])
    np.cumsum(places, out=places)
    np.subtract(places, chosen.shape[1], out=places)
    np.add(places, labels, out=places)
    chosen.fill(0)
    chosen.reshape(chosen.size)[places] = 1
    np.matmul(chosen.T, vectors, out=table)
