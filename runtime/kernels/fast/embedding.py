"""The gradient of a table that rows were looked up in; arguments as in `kernels.embedding`."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from .. import embedding
from .compiled import compiled

Array = NDArray[Any]


def sum_rows(labels: Array, vectors: Array, table: Array, places: Array, chosen: Array) -> None:
    """table[k] = Σ vectors[i] over the i with labels[i] = k."""
    if vectors.flags.c_contiguous and table.flags.c_contiguous:
        add_rows(labels, vectors, table)
    elif vectors.flags.f_contiguous and table.flags.f_contiguous:
        add_columns(labels, vectors.T, table.T)
    else:
        embedding.sum_rows(labels, vectors, table, places, chosen)


@compiled
def add_columns(labels: Array, vectors: Array, table: Array) -> None:
    """The same, feature by feature."""
    table[:] = 0
    for feature in range(len(table)):
        entries, given = table[feature], vectors[feature]
        for i in range(given.size):
            entries[labels[i]] += given[i]


@compiled
def add_rows(labels: Array, vectors: Array, table: Array) -> None:
    table[:] = 0
    for row in range(labels.size):
        entry, given = table[labels[row]], vectors[row]
        for i in range(given.size):
            entry[i] += given[i]
