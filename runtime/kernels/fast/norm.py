"""Batch normalisation in compiled passes over the rows; arguments as in `kernels.norm`.

Sums are taken over some rows at a time, and these sums added, so that they stay exact in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled

Array = NDArray[Any]
Lanes = Callable[[Callable[[], None], Callable[[], None]], None]
SOME = 64


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
    """y = (x − mean) / √(var + eps) · weight + bias by the mean and biased variance of x, which are outputs too."""
    rows, width, _ = x.shape
    if rows * width == 1:
        raise ArithmeticError("batch normalisation in training needs more than one value for each channel")
    lanes = list(zip(_halves(x), _lines(total), _lines(factor), strict=True))
    run(*(partial(add_up, *lane) for lane in lanes))
    np.sum(total, axis=(0, 1), out=mean)
    np.divide(mean, rows * width, out=mean)
    np.copyto(center, mean)
    run(*(partial(add_up_squares, lane[0], center.reshape(-1), *lane[1:]) for lane in lanes))
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
    """The y of `batchnorm` by statistics that are known."""
    np.copyto(center, mean)
    np.add(var, eps, out=factor[0])
    np.sqrt(factor[0], out=factor[0])
    np.divide(1.0 if weight is None else weight, factor[0], out=factor[0])
    np.copyto(total[0], 0.0 if bias is None else bias)
    lines = center.reshape(-1), factor[0].reshape(-1), total[0].reshape(-1)
    run(*(partial(scale, *halves, *lines) for halves in zip(_halves(x), _halves(y), strict=True)))


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
    gx = weight · r · (gy − gb / m − x̂ gw / m) over the m values of each channel; gx may be gy."""
    rows, width, _ = x.shape
    np.copyto(center, mean)
    middle = center.reshape(-1)
    work = zip(_halves(gy), _halves(x), _lines(sum_gy), _lines(sum_product), _lines(factor), strict=True)
    run(*(partial(add_up_gradients, *half[:2], middle, *half[2:]) for half in work))
    np.sum(sum_gy, axis=(0, 1), out=gb)
    np.sum(sum_product, axis=(0, 1), out=gw)
    # factor = r; sum_product = r² Σ gy (x − mean) / m; sum_gy = gb / m.
    np.add(var, eps, out=factor[0])
    np.sqrt(factor[0], out=factor[0])
    np.divide(1.0, factor[0], out=factor[0])
    np.multiply(gw, factor[0, 0], out=gw)
    np.multiply(factor[0], gw, out=sum_product[0])
    np.divide(sum_product[0], rows * width, out=sum_product[0])
    np.copyto(sum_gy[0], gb)
    np.divide(sum_gy[0], rows * width, out=sum_gy[0])
    if weight is not None:
        np.multiply(factor[0], weight, out=factor[0])
    lines = middle, sum_product[0].reshape(-1), sum_gy[0].reshape(-1), factor[0].reshape(-1)
    run(*(partial(pass_on, *half, *lines) for half in zip(_halves(gy), _halves(x), _halves(gx), strict=True)))


def _halves(x: Array) -> tuple[Array, Array]:
    """The first half of the rows and the second, each row as a line."""
    lines, half = x.reshape(len(x), -1), -(-len(x) // 2)
    return lines[:half], lines[half:]


def _lines(pair: Array) -> Array:
    """The scratch memory of both lanes, each as a line."""
    return pair.reshape(2, -1)


@compiled
def add_up(x: Array, total: Array, part: Array) -> None:
    """total = Σ x over the rows."""
    total[:] = 0
    for start in range(0, len(x), SOME):
        part[:] = 0
        for row in range(start, min(start + SOME, len(x))):
            line = x[row]
            for i in range(part.size):
                part[i] += line[i]
        for i in range(part.size):
            total[i] += part[i]


@compiled
def add_up_squares(x: Array, center: Array, total: Array, part: Array) -> None:
    """total = Σ (x − center)² over the rows."""
    total[:] = 0
    for start in range(0, len(x), SOME):
        part[:] = 0
        for row in range(start, min(start + SOME, len(x))):
            line = x[row]
            for i in range(part.size):
                d = line[i] - center[i]
                part[i] += d * d
        for i in range(part.size):
            total[i] += part[i]


@compiled
def scale(x: Array, y: Array, center: Array, factor: Array, shift: Array) -> None:
    """y = (x − center) · factor + shift."""
    for row in range(len(x)):
        line, out = x[row], y[row]
        for i in range(center.size):
            out[i] = (line[i] - center[i]) * factor[i] + shift[i]


@compiled
def add_up_gradients(gy: Array, x: Array, center: Array, sum_gy: Array, sum_product: Array, part: Array) -> None:
    """sum_gy = Σ gy and sum_product = Σ gy · (x − center) over the rows."""
    add_up(gy, sum_gy, part)
    sum_product[:] = 0
    for start in range(0, len(x), SOME):
        part[:] = 0
        for row in range(start, min(start + SOME, len(x))):
            line, given = x[row], gy[row]
            for i in range(part.size):
                part[i] += (line[i] - center[i]) * given[i]
        for i in range(part.size):
            sum_product[i] += part[i]


@compiled
def pass_on(gy: Array, x: Array, gx: Array, center: Array, slope: Array, shift: Array, factor: Array) -> None:
    """gx = (gy − (x − center) · slope − shift) · factor; gx may be gy."""
    if gx.ctypes.data == gy.ctypes.data:
        # LLVM makes vectors of a loop over arrays that it sees to be apart, or over one.
        for row in range(len(x)):
            line, out = x[row], gx[row]
            for i in range(center.size):
                out[i] = (out[i] - (line[i] - center[i]) * slope[i] - shift[i]) * factor[i]
        return
    for row in range(len(x)):
        line, given, out = x[row], gy[row], gx[row]
        for i in range(center.size):
            out[i] = (given[i] - (line[i] - center[i]) * slope[i] - shift[i]) * factor[i]
