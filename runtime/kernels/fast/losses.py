"""Losses over the rows of a matrix of scores; arguments as in `kernels.losses`."""

from __future__ import annotations

import math
from typing import Any

from numpy.typing import NDArray

from .compiled import compiled, sums
from .elementary import exp

Array = NDArray[Any]


def pick(labels: Array, places: Array, counts: Array | None, *, classes: int, ignore: int | None) -> None:
    """The place of each row's label in the flattened scores, and whether it is not `ignore`."""
    put_places(labels, places, counts, classes, ignore)


@compiled
def put_places(labels: Array, places: Array, counts: Array | None, classes: int, ignore: int | None) -> None:
    for row in range(len(labels)):
        counted = counts is None or labels[row] != ignore
        if counts is not None:
            counts[row] = counted
        places[row] = row * classes + (labels[row] if counted else 0)


@compiled
def mean_picked(scores: Array, places: Array, counts: Array | None, picked: Array, loss: Array) -> None:
    """loss = − the mean of the flat scores at those places that count."""
    whole, counted = 0.0, 0
    for row in range(len(places)):
        if counts is None or counts[row]:
            whole += scores[min(max(places[row], 0), scores.size - 1)]
            counted += 1
    loss[()] = -whole / max(counted, 1)


@compiled
def cross_entropy(
    x: Array,
    p: Array,
    flat: Array,
    places: Array,
    counts: Array | None,
    picked: Array,
    largest: Array,
    total: Array,
    ones: Array,
    loss: Array,
) -> None:
    """p = softmax(x) along each row; loss = − the mean of log p at those places of the flat p that count."""
    whole, counted = 0.0, 0
    for row in range(len(x)):
        given, out = x[row], p[row]
        most = given[0]
        for i in range(given.size):
            # What is not a number stays one.
            most = most if most >= given[i] or most != most else given[i]
        label = min(max(places[row] - row * given.size, 0), given.size - 1)
        score = given[label] - most
        for i in range(given.size):
            out[i] = exp(given[i] - most)
        sum_of_row = add_all(out)
        if counts is None or counts[row]:
            whole += score - x.dtype.type(math.log(sum_of_row))
            counted += 1
        for i in range(given.size):
            out[i] = out[i] / sum_of_row
    loss[()] = -whole / max(counted, 1)


@compiled
def cross_entropy_gradient(
    p: Array,
    places: Array,
    counts: Array | None,
    factors: Array | None,
    picked: Array,
    gy: Array,
    gx: Array,
    flat: Array,
) -> None:
    """gx = (p − 1 at the label) · gy / counted, 0 in rows that do not count; gx may be p."""
    counted = 0
    for row in range(len(places)):
        counted += 1 if counts is None else counts[row]
    factor = gx.dtype.type(gy[()] / max(counted, 1))
    for row in range(len(p)):
        given, out = p[row], gx[row]
        if counts is not None and not counts[row]:
            out[:] = 0
            continue
        # They may be one array: then this does nothing, and what follows is a loop over one, which is fast.
        for i in range(given.size):
            out[i] = given[i]
        for i in range(given.size):
            out[i] = out[i] * factor
        flat[places[row]] -= factor


@sums
def add_all(x: Array) -> Any:
    """Σ x."""
    whole = x[0] * 0
    for i in range(x.size):
        whole += x[i]
    return whole
