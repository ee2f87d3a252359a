"""Losses over the rows of a matrix of scores; arguments as in `kernels.losses`."""

from __future__ import annotations

import math
from typing import Any

from numpy.typing import NDArray

from .compiled import compiled, sums
from .elementary import exp

Array = NDArray[Any]


@compiled
def log_softmax_rows(x: Array, y: Array, largest: Array, total: Array, ones: Array) -> None:
    """y = x − max − log Σ e^(x − max) along each row."""
    for row in range(len(x)):
        given, out = x[row], y[row]
        most = given[0]
        for i in range(given.size):
            # What is not a number stays one.
            most = most if most >= given[i] or most != most else given[i]
        for i in range(given.size):
            out[i] = exp(given[i] - most)
        whole = x.dtype.type(math.log(add_all(out)))
        for i in range(given.size):
            out[i] = given[i] - most - whole


def pick(labels: Array, places: Array, counts: Array, *, classes: int, ignore: int | None) -> None:
    """The place of each row's label in the flattened scores, and whether it is not `ignore`."""
    put_places(labels, places, counts, classes, ignore)


@compiled
def put_places(labels: Array, places: Array, counts: Array, classes: int, ignore: int | None) -> None:
    for row in range(len(labels)):
        counts[row] = ignore is None or labels[row] != ignore
        places[row] = row * classes + (labels[row] if counts[row] else 0)


@compiled
def mean_picked(scores: Array, places: Array, counts: Array, picked: Array, loss: Array) -> None:
    """loss = − the mean of the flat scores at those places that count."""
    whole, counted = 0.0, 0
    for row in range(len(places)):
        if counts[row]:
            whole += scores[min(max(places[row], 0), scores.size - 1)]
            counted += 1
    loss[()] = -whole / max(counted, 1)


@compiled
def cross_entropy_gradient(
    logp: Array, places: Array, counts: Array, picked: Array, gy: Array, gx: Array, flat: Array
) -> None:
    """gx = (e^logp − 1 at the label) · gy / counted, 0 in rows that do not count."""
    counted = 0
    for row in range(len(counts)):
        counted += counts[row]
    factor = gx.dtype.type(gy[()] / max(counted, 1))
    for row in range(len(logp)):
        given, out = logp[row], gx[row]
        if not counts[row]:
            out[:] = 0
            continue
        # They may be one array: then this does nothing, and what follows is a loop over one, which is fast.
        for i in range(given.size):
            out[i] = given[i]
        for i in range(given.size):
            out[i] = exp(out[i]) * factor
        flat[places[row]] -= factor


@sums
def add_all(x: Array) -> Any:
    """Σ x."""
    whole = x[0] * 0
    for i in range(x.size):
        whole += x[i]
    return whole
