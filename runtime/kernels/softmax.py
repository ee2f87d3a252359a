"""Softmax, its logarithm and their gradients along one dimension; `row` is scratch memory of that dimension 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def softmax(x: Array, y: Array, row: Array, *, axis: int) -> None:
    """y = e^(x − max) / Σ e^(x − max); y may be x."""
    np.max(x, axis=axis, keepdims=True, out=row)
    np.subtract(x, row, out=y)
    np.exp(y, out=y)
    np.sum(y, axis=axis, keepdims=True, out=row)
    np.divide(y, row, out=y)


def softmax_gradient(y: Array, gy: Array, gx: Array, row: Array, work: Array, *, axis: int) -> None:
    """gx = y · (gy − Σ y · gy); gx may be gy."""
    np.multiply(y, gy, out=work)
    np.sum(work, axis=axis, keepdims=True, out=row)
    np.subtract(gy, row, out=gx)
    np.multiply(gx, y, out=gx)


def log_softmax(x: Array, y: Array, row: Array, work: Array, *, axis: int) -> None:
    """y = (x − max) − log Σ e^(x − max), in this order so that small results keep their digits; y may be x."""
    np.max(x, axis=axis, keepdims=True, out=row)
    np.subtract(x, row, out=y)
    np.exp(y, out=work)
    np.sum(work, axis=axis, keepdims=True, out=row)
    np.log(row, out=row)
    np.subtract(y, row, out=y)


def log_softmax_gradient(y: Array, gy: Array, gx: Array, row: Array, work: Array, *, axis: int) -> None:
    """gx = gy − e^y · Σ gy; gx may be gy."""
    np.sum(gy, axis=axis, keepdims=True, out=row)
    np.exp(y, out=work)
    np.multiply(work, row, out=work)
    np.subtract(gy, work, out=gx)
