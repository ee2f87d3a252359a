"""Losses over the rows of a matrix of scores, [rows, classes]."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def pick(labels: Array, places: Array, counts: Array, *, classes: int, ignore: int | None) -> None:
    """The place of each row's label in the flattened scores, and whether it is not `ignore`; all [rows].

    A label that does not count has the place of its row's first score.
    """
    places.fill(classes)
    np.cumsum(places, out=places)
    np.subtract(places, classes, out=places)
    if ignore is None:
        counts.fill(True)
    else:
        np.not_equal(labels, ignore, out=counts)
    np.add(places, labels, out=places, where=counts)


def _number(counts: Array) -> int:
    """How many positions count; at least 1, so that a batch without any has the loss 0."""
    return max(int(np.count_nonzero(counts)), 1)


def mean_picked(scores: Array, places: Array, counts: Array, picked: Array, loss: Array) -> None:
    """loss = − the mean of the flat scores at those places that count; `picked` is scratch memory, [rows].

    A score of −inf that does not count changes nothing.
    """
    np.take(scores, places, out=picked, mode="clip")
    loss[...] = -np.sum(picked, dtype=np.float64, where=counts) / _number(counts)


def cross_entropy(
    x: Array,
    p: Array,
    flat: Array,
    places: Array,
    counts: Array,
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
    np.max(x, axis=1, keepdims=True, out=largest)
    np.subtract(x, largest, out=p)
    np.take(flat, places, out=picked, mode="clip")
    np.exp(p, out=p)
    np.matmul(p, ones, out=total)
    np.divide(p, total, out=p)
    np.log(total, out=total)
    np.subtract(picked, total[:, 0], out=picked)
    loss[...] = -np.sum(picked, dtype=np.float64, where=counts) / _number(counts)


def cross_entropy_gradient(
    p: Array, places: Array, counts: Array, factors: Array, picked: Array, gy: Array, gx: Array, flat: Array
) -> None:
    """gx = (p − 1 at the label) · gy / counted, 0 in rows that do not count; gx may be p.

    `flat` is gx as a vector; scratch memory are `factors` and `picked`, [rows].
    """
    np.multiply(counts, float(gy) / _number(counts), out=factors)
    np.multiply(p, factors[:, None], out=gx)
    np.take(flat, places, out=picked, mode="clip")
    np.subtract(picked, factors, out=picked)
    flat[places] = picked


def nll_gradient(places: Array, counts: Array, picked: Array, gy: Array, flat: Array) -> None:
    """−gy / counted at each place that counts, 0 elsewhere."""
    flat.fill(0)
    np.multiply(counts, -float(gy) / _number(counts), out=picked)
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
