"""Normalisation by statistics, in blocks of rows that stay in cache.

Images come as [rows, width, channels] in C order; what belongs to a channel is spread to [width, channels] first, so
that NumPy's inner loops run over whole rows. Statistics are taken block by block, so that float32 sums stay exact.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Lanes = Callable[[Callable[[], None], Callable[[], None]], None]


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
    run: Lanes,
    *,
    eps: float,
) -> None:
    """y = (x − mean) / √(var + eps) · weight + bias by the mean and biased variance of x, which are outputs too.

    `run` runs the halves of the rows. `block` [2, rows in cache, width, channels], `total` and `factor` [2, width,
    channels] and `center` [width, channels] are scratch memory.
    """
    rows, width, _ = x.shape
    if rows * width == 1:
        raise ArithmeticError("batch normalisation in training needs more than one value for each channel")
    halves = _halves(rows, block.shape[1])

    def add_up(lane: int) -> None:
        total[lane].fill(0)
        for part in halves[lane]:
            _sum_rows(x[part], factor[lane])
            np.add(total[lane], factor[lane], out=total[lane])

    def add_up_squares(lane: int) -> None:
        total[lane].fill(0)
        for part in halves[lane]:
            work = block[lane, : part.stop - part.start]
            np.subtract(x[part], center, out=work)
            np.multiply(work, work, out=work)
            _sum_rows(work, factor[lane])
            np.add(total[lane], factor[lane], out=total[lane])

    run(partial(add_up, 0), partial(add_up, 1))
    np.sum(total, axis=(0, 1), out=mean)
    np.divide(mean, rows * width, out=mean)
    np.copyto(center, mean)
    run(partial(add_up_squares, 0), partial(add_up_squares, 1))
    np.sum(total, axis=(0, 1), out=var)
    np.divide(var, rows * width, out=var)
    normalise(x, mean, var, weight, bias, y, block, center, total, factor, run, eps=eps)


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
    run: Lanes,
    *,
    eps: float,
) -> None:
    """The y of `batchnorm` by statistics that are known; `block` says how many rows stay in cache."""
    halves = _halves(len(x), block.shape[1])
    np.copyto(center, mean)
    np.add(var, eps, out=factor[0])
    np.sqrt(factor[0], out=factor[0])
    np.divide(1.0 if weight is None else weight, factor[0], out=factor[0])
    if bias is not None:
        np.copyto(total[0], bias)

    def scale(lane: int) -> None:
        for part in halves[lane]:
            out = y[part]
            np.subtract(x[part], center, out=out)
            np.multiply(out, factor[0], out=out)
            if bias is not None:
                np.add(out, total[0], out=out)

    run(partial(scale, 0), partial(scale, 1))


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
    run: Lanes,
    *,
    eps: float,
) -> None:
    """With r = 1 / √(var + eps) and x̂ = (x − mean) r: gb = Σ gy, gw = Σ gy x̂, and
    gx = weight · r · (gy − gb / m − x̂ gw / m) over the m values of each channel; gx may be gy.

    `run` runs the halves of the rows. `block` [2, rows in cache, width, channels], `center` [width, channels] and the
    last three [2, width, channels] are scratch memory.
    """
    rows, width, _ = x.shape
    count = rows * width
    halves = _halves(rows, block.shape[1])
    np.copyto(center, mean)

    def add_up(lane: int) -> None:
        sum_gy[lane].fill(0)
        sum_product[lane].fill(0)
        for part in halves[lane]:
            work = block[lane, : part.stop - part.start]
            _sum_rows(gy[part], factor[lane])
            np.add(sum_gy[lane], factor[lane], out=sum_gy[lane])
            np.subtract(x[part], center, out=work)
            np.multiply(work, gy[part], out=work)
            _sum_rows(work, factor[lane])
            np.add(sum_product[lane], factor[lane], out=sum_product[lane])

    def pass_on(lane: int) -> None:
        for part in halves[lane]:
            work, out = block[lane, : part.stop - part.start], gx[part]
            np.subtract(x[part], center, out=work)
            np.multiply(work, sum_product[0], out=work)
            np.subtract(gy[part], work, out=out)
            np.subtract(out, sum_gy[0], out=out)
            np.multiply(out, factor[0], out=out)

    run(partial(add_up, 0), partial(add_up, 1))
    np.sum(sum_gy, axis=(0, 1), out=gb)
    np.sum(sum_product, axis=(0, 1), out=gw)
    # factor = r; sum_product = r² Σ gy (x − mean) / m; sum_gy = gb / m.
    np.add(var, eps, out=factor[0])
    np.sqrt(factor[0], out=factor[0])
    np.divide(1.0, factor[0], out=factor[0])
    np.multiply(gw, factor[0, 0], out=gw)
    np.multiply(factor[0], gw, out=sum_product[0])
    np.divide(sum_product[0], count, out=sum_product[0])
    np.copyto(sum_gy[0], gb)
    np.divide(sum_gy[0], count, out=sum_gy[0])
    if weight is not None:
        np.multiply(factor[0], weight, out=factor[0])
    run(partial(pass_on, 0), partial(pass_on, 1))


def _sum_rows(x: Array, y: Array) -> None:
    """y is the sum of the rows of x, as a product with ones, which takes half of the time."""
    np.matmul(np.ones(len(x), x.dtype), x.reshape(len(x), -1), out=y.reshape(-1))


def _halves(rows: int, size: int) -> tuple[list[slice], list[slice]]:
    """The blocks of the first half of the rows and those of the second."""
    half = -(-rows // 2)
    first, second = (
        [slice(start, min(start + size, stop)) for start in range(begin, stop, size)]
        for begin, stop in ((0, half), (half, rows))
    )
    return first, second


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
