"""Losses over the rows of a matrix of scores, [rows, classes]."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def pick(labels: Array, places: Array, counts: Array | None, *, classes: int, ignore: int | None) -> None:
    """The place of each row's label in the flattened scores, and whether it is not `ignore`; all [rows].

    A label that does not count has the place of its row's first score. `counts` is None where all of them count.
    """
    places.fill(classes)
    places[:1] = 0
    places.cumsum(out=places)
    if counts is None or ignore is None:
        np.add(places, labels, out=places)
    else:
        np.not_equal(labels, ignore, out=counts)
        np.add(places, labels, out=places, where=counts)


def _number(places: Array, counts: Array | None) -> int:
    """How many positions count; at least 1, so that a batch without any has the loss 0."""
    return max(places.size if counts is None else int(np.count_nonzero(counts)), 1)


def _minus_mean(logarithms: Array, places: Array, counts: Array | None, loss: Array) -> None:
    """loss = − the mean of those that count, summed in float64."""
    whole = np.add.reduce(logarithms, dtype=np.float64, where=True if counts is None else counts)
    loss[...] = -whole / _number(places, counts)


def mean_picked(scores: Array, places: Array, counts: Array | None, picked: Array, loss: Array) -> None:
    """loss = − the mean of the flat scores at those places that count; `picked` is scratch memory, [rows].

    A score of −inf that does not count changes nothing.
    """
    scores.take(places, out=picked, mode="clip")
    _minus_mean(picked, places, counts, loss)


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
    """p = softmax(x) along each row; loss = − the mean of log p at those places of the flat p that count.

    log p is x − max − log Σ e^(x − max): the maximum is taken off before the logarithm is, so that nothing overflows
    and small results keep their digits. Scratch memory are `picked`, [rows], `largest` and `total`, [rows, 1], and
    `ones`, [classes, 1]: a product with ones takes a sixth of the time of a sum along short rows.
    """
    ones.fill(1)
    np.maximum.reduce(x, axis=1, keepdims=True, out=largest)
    np.subtract(x, largest, out=p)
    flat.take(places, out=picked, mode="clip")
    np.exp(p, out=p)
    np.matmul(p, ones, out=total)
    np.divide(p, total, out=p)
    np.log(total, out=total)
    np.subtract(picked, total[:, 0], out=picked)
    _minus_mean(picked, places, counts, loss)


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
    """gx = (p − 1 at the label) · gy / counted, 0 in rows that do not count; gx may be p.

    `flat` is gx as a vector; scratch memory are `factors`, [rows] where not all of them count, and `picked`, [rows].
    """
    factor = float(gy) / _number(places, counts)
    if counts is None or factors is None:
        np.multiply(p, factor, out=gx)
    else:
        np.multiply(counts, factor, out=factors)
        np.multiply(p, factors[:, None], out=gx)
    flat.take(places, out=picked, mode="clip")
    np.subtract(picked, factor if factors is None else factors, out=picked)
    flat[places] = picked


def nll_gradient(places: Array, counts: Array | None, picked: Array, gy: Array, flat: Array) -> None:
    """−gy / counted at each place that counts, 0 elsewhere."""
    factor = -float(gy) / _number(places, counts)
    flat.fill(0)
    if counts is None:
        flat[places] = factor
    else:
        np.multiply(counts, factor, out=picked)
        flat[places] = picked


def mse(x: Array, target: Array, loss: Array, work: Array, more: Array) -> None:
    """The mean of (x − target)²."""
    np.subtract(x, target, out=work)
    np.multiply(work, work, out=work)
    loss[...] = np.sum(work, dtype=np.float64) / work.size


def mae(x: Array, target: Array, loss: Array, work: Array, more: Array) -> None:
    """The mean of |x − target|."""
    np.subtract(x, target, out=work)
    np.abs(work, out=work)
    loss[...] = np.sum(work, dtype=np.float64) / work.size


def bce(x: Array, target: Array, loss: Array, work: Array, more: Array) -> None:
    """The mean of max(x, 0) − x·target + log(1 + e^−|x|)."""
    np.abs(x, out=work)
    np.negative(work, out=work)
    np.exp(work, out=work)
    np.log1p(work, out=work)
    np.multiply(x, target, out=more)
    np.subtract(work, more, out=work)
    np.maximum(x, 0, out=more)
    np.add(work, more, out=work)
    loss[...] = np.sum(work, dtype=np.float64) / work.size
