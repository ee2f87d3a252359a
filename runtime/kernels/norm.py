"""Normalisation by statistics, in blocks of rows that stay in cache.

Images come as [rows, width, channels] in C order; what belongs to a channel is spread to [width, channels] first, so
that NumPy's inner loops run over whole rows. Statistics are taken block by block, so that float32 sums stay exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def batchnorm_predict(
    x: Array,
    mean: Array,
    var: Array,
    weight: Array | None,
    bias: Array | None,
    y: Array,
    factor: Array,
    center: Array,
    *,
    eps: float,
) -> None:
    """y = (x − mean) / √(var + eps) · weight + bias; `factor` and `center` are scratch memory, [width, channels]."""
    np.add(var, eps, out=factor)
    np.sqrt(factor, out=factor)
    np.divide(1.0 if weight is None else weight, factor, out=factor)
    np.copyto(center, mean)
    np.subtract(x, center, out=y)
    np.multiply(y, factor, out=y)
    if bias is not None:
        np.copyto(center, bias)
        np.add(y, center, out=y)


def batchnorm(
    x: Array,
    weight: Array | None,
    bias: Array | None,
    y: Array,
    mean: Array,
    var: Array,
    block: Array,
    center: Array,
    total: Array,
    factor: Array,
    *,
    eps: float,
) -> None:
    """y = (x − mean) / √(var + eps) · weight + bias by the mean and biased variance of x, which are outputs too.

    `block` [rows in cache, width, channels] and the last three [width, channels] are scratch memory.
    """
    rows, width, _ = x.shape
    size = block.shape[0]
    if rows * width == 1:
        raise ArithmeticError("batch normalisation in training needs more than one value for each channel")
    total.fill(0)
    for start in range(0, rows, size):
        np.sum(x[start : start + size], axis=0, out=factor)
        np.add(total, factor, out=total)
    np.sum(total, axis=0, out=mean)
    np.divide(mean, rows * width, out=mean)
    np.copyto(center, mean)
    total.fill(0)
    for start in range(0, rows, size):
        part = block[: min(size, rows - start)]
        np.subtract(x[start : start + size], center, out=part)
        np.multiply(part, part, out=part)
        np.sum(part, axis=0, out=factor)
        np.add(total, factor, out=total)
    np.sum(total, axis=0, out=var)
    np.divide(var, rows * width, out=var)
    normalise(x, mean, var, weight, bias, y, block, center, total, factor, eps=eps)


def normalise(
    x: Array,
    mean: Array,
    var: Array,
    weight: Array | None,
    bias: Array | None,
    y: Array,
    block: Array,
    center: Array,
    total: Array,
    factor: Array,
    *,
    eps: float,
) -> None:
    """The y of `batchnorm` by statistics that are known; `block` says how many rows stay in cache."""
    rows, size = len(x), len(block)
    np.copyto(center, mean)
    np.add(var, eps, out=factor)
    np.sqrt(factor, out=factor)
    np.divide(1.0 if weight is None else weight, factor, out=factor)
    if bias is not None:
        np.copyto(total, bias)
    for start in range(0, rows, size):
        part = y[start : start + size]
        np.subtract(x[start : start + size], center, out=part)
        np.multiply(part, factor, out=part)
        if bias is not None:
            np.add(part, total, out=part)


def batchnorm_gradient(
    gy: Array,
    x: Array,
    mean: Array,
    var: Array,
    weight: Array | None,
    gx: Array,
    gw: Array,
    gb: Array,
    block: Array,
    center: Array,
    sum_gy: Array,
    sum_product: Array,
    factor: Array,
    *,
    eps: float,
) -> None:
    """With r = 1 / √(var + eps) and x̂ = (x − mean) r: gb = Σ gy, gw = Σ gy x̂, and
    gx = weight · r · (gy − gb / m − x̂ gw / m) over the m values of each channel; gx may be gy.

    `block` [rows in cache, width, channels] and the last four [width, channels] are scratch memory.
    """
    rows, width, _ = x.shape
    size, count = block.shape[0], rows * width
    np.copyto(center, mean)
    sum_gy.fill(0)
    sum_product.fill(0)
    for start in range(0, rows, size):
        part = block[: min(size, rows - start)]
        some = gy[start : start + size]
        np.sum(some, axis=0, out=factor)
        np.add(sum_gy, factor, out=sum_gy)
        np.subtract(x[start : start + size], center, out=part)
        np.multiply(part, some, out=part)
        np.sum(part, axis=0, out=factor)
        np.add(sum_product, factor, out=sum_product)
    np.sum(sum_gy, axis=0, out=gb)
    np.sum(sum_product, axis=0, out=gw)
    # factor = r; sum_product = r² Σ gy (x − mean) / m; sum_gy = gb / m.
    np.add(var, eps, out=factor)
    np.sqrt(factor, out=factor)
    np.divide(1.0, factor, out=factor)
    np.multiply(gw, factor[0], out=gw)
    np.multiply(factor, gw, out=sum_product)
    np.divide(sum_product, count, out=sum_product)
    np.copyto(sum_gy, gb)
    np.divide(sum_gy, count, out=sum_gy)
    if weight is not None:
        np.multiply(factor, weight, out=factor)
    for start in range(0, rows, size):
        part, out = block[: min(size, rows - start)], gx[start : start + size]
        np.subtract(x[start : start + size], center, out=part)
        np.multiply(part, sum_product, out=part)
        np.subtract(gy[start : start + size], part, out=out)
        np.subtract(out, sum_gy, out=out)
        np.multiply(out, factor, out=out)


def _rows(x: Array, y: Array, row: Array, work: Array, eps: float) -> None:
    """y = x − mean of each row, row = 1 / √(variance + eps)."""
    np.mean(x, axis=1, keepdims=True, out=row)
    np.subtract(x, row, out=y)
    np.multiply(y, y, out=work)
    np.mean(work, axis=1, keepdims=True, out=row)
    np.add(row, eps, out=row)
    np.sqrt(row, out=row)
    np.divide(1.0, row, out=row)


def layernorm(
    x: Array, weight: Array | None, bias: Array | None, y: Array, row: Array, work: Array, *, eps: float
) -> None:
    """y = (x − mean) / √(var + eps) · weight + bias for each row of x [rows, features]; `row` [rows, 1] and `work`, as
    large as x, are scratch memory."""
    _rows(x, y, row, work, eps)
    np.multiply(y, row, out=y)
    if weight is not None:
        np.multiply(y, weight, out=y)
    if bias is not None:
        np.add(y, bias, out=y)


def layernorm_gradient(
    gy: Array,
    x: Array,
    weight: Array | None,
    gx: Array,
    gw: Array,
    gb: Array,
    row: Array,
    more: Array,
    normal: Array,
    work: Array,
    *,
    eps: float,
) -> None:
    """With x̂ the normalised rows and g = gy · weight: gx = r (g − mean(g) − x̂ mean(g x̂)), gw = Σ gy x̂, gb = Σ gy.

    `row` and `more` [rows, 1], `normal` and `work`, as large as x, are scratch memory; gx is not gy.
    """
    _rows(x, normal, row, work, eps)
    np.multiply(normal, row, out=normal)
    np.multiply(gy, normal, out=work)
    np.sum(work, axis=0, out=gw)
    np.sum(gy, axis=0, out=gb)
    np.multiply(gy, 1.0 if weight is None else weight, out=gx)
    np.multiply(gx, normal, out=work)
    np.mean(work, axis=1, keepdims=True, out=more)
    np.multiply(normal, more, out=normal)
    np.mean(gx, axis=1, keepdims=True, out=more)
    np.subtract(gx, more, out=gx)
    np.subtract(gx, normal, out=gx)
    np.multiply(gx, row, out=gx)
