"""Pooling and its gradients in compiled loops; arguments as in `kernels.pooling`."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..pooling import tap_counts
from .compiled import compiled
from .tile import lanes, put_vector

Array = NDArray[Any]
Pair = tuple[int, int]


def max_pool(x: Array, y: Array, *, block: int, kernel: Pair, stride: Pair, dilation: Pair, before: Pair) -> None:
    """The maximum of each window; padding never wins."""
    most(x.transpose(0, 2, 3, 1), y.transpose(0, 2, 3, 1), kernel, stride, dilation, before)


def max_pool_gradient(
    x: Array,
    y: Array,
    gy: Array,
    gx: Array,
    part: Array,
    here: Array,
    open_: Array,
    *,
    kernel: Pair,
    stride: Pair,
    dilation: Pair,
    before: Pair,
) -> None:
    """gy goes to the first position, row by row, of each window that has the maximum y."""
    ins, outs, given, made = (array.transpose(0, 2, 3, 1) for array in (x, y, gy, gx))
    flags = open_.reshape(-1)[: x.shape[1]]
    to_most(ins, outs, given, made, flags, kernel, stride, dilation, before)


def avg_pool(
    x: Array,
    y: Array,
    lines: Array,
    *,
    kernel: Pair,
    stride: Pair,
    dilation: Pair,
    before: Pair,
    counted: tuple[Pair, Pair],
) -> None:
    """The mean of each window; `counted` is the padding (before, after) on each axis whose taps count."""
    ins, outs = x.transpose(0, 2, 3, 1), y.transpose(0, 2, 3, 1)
    counts = taps(ins.shape, outs.shape, kernel, stride, dilation, before, counted, y.dtype)
    if beside(ins, outs, kernel, stride, dilation, before):
        mean_of_four(ins, outs, counts)
    else:
        mean(ins, outs, counts, kernel, stride, dilation, before)


def avg_pool_gradient(
    gy: Array,
    gx: Array,
    part: Array,
    lines: Array,
    *,
    kernel: Pair,
    stride: Pair,
    dilation: Pair,
    before: Pair,
    counted: tuple[Pair, Pair],
) -> None:
    """gy in equal parts to the positions of each window."""
    outs, ins = gy.transpose(0, 2, 3, 1), gx.transpose(0, 2, 3, 1)
    if beside(ins, outs, kernel, stride, dilation, before) and ins.flags.c_contiguous and outs.flags.c_contiguous:
        to_four(outs, ins)
    else:
        counts = taps(ins.shape, outs.shape, kernel, stride, dilation, before, counted, gy.dtype)
        from_mean(outs, ins, counts, kernel, stride, dilation, before)


def beside(x: Array, y: Array, kernel: Pair, stride: Pair, dilation: Pair, before: Pair) -> bool:
    """Whether windows are two by two, each begins where the one before it ends, and together they are the image."""
    plain = kernel == stride == (2, 2) and dilation == (1, 1) and before == (0, 0)
    return plain and x.shape[1:3] == (2 * y.shape[1], 2 * y.shape[2])


@cache
def taps(
    ins: tuple[int, ...],
    outs: tuple[int, ...],
    kernel: Pair,
    stride: Pair,
    dilation: Pair,
    before: Pair,
    counted: tuple[Pair, Pair],
    dtype: np.dtype[Any],
) -> Array:
    """What the sum of each window is divided by [height, width]."""
    counts = tap_counts(ins, outs, kernel, stride, dilation, before, counted).astype(dtype)
    return np.array(np.broadcast_to(counts, (*outs[1:3], 1))[:, :, 0])


@compiled
def most(x: Array, y: Array, kernel: Pair, stride: Pair, dilation: Pair, before: Pair) -> None:
    n, height, width, channels = x.shape
    for image in range(n):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                out = y[image, i, j]
                first = True
                for row in range(
                    i * stride[0] - before[0], i * stride[0] - before[0] + kernel[0] * dilation[0], dilation[0]
                ):
                    if row < 0 or row >= height:
                        continue
                    for tap in range(kernel[1]):
                        column = j * stride[1] - before[1] + tap * dilation[1]
                        if column < 0 or column >= width:
                            continue
                        given = x[image, row, column]
                        if first:
                            for c in range(channels):
                                out[c] = given[c]
                            first = False
                        else:
                            for c in range(channels):
                                # What is not a number wins.
                                out[c] = out[c] if out[c] >= given[c] or out[c] != out[c] else given[c]
                if first:
                    out[:] = -np.inf


@compiled
def to_most(
    x: Array, y: Array, gy: Array, gx: Array, left: Array, kernel: Pair, stride: Pair, dilation: Pair, before: Pair
) -> None:
    n, height, width, channels = x.shape
    for image in range(n):
        for i in range(height):
            for j in range(width):
                gx[image, i, j, :] = 0
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                largest, share = y[image, i, j], gy[image, i, j]
                left[:] = True
                for up in range(kernel[0]):
                    row = i * stride[0] - before[0] + up * dilation[0]
                    if row < 0 or row >= height:
                        continue
                    for tap in range(kernel[1]):
                        column = j * stride[1] - before[1] + tap * dilation[1]
                        if column < 0 or column >= width:
                            continue
                        given, out = x[image, row, column], gx[image, row, column]
                        for c in range(channels):
                            wins = left[c] and given[c] == largest[c]
                            out[c] += share[c] if wins else 0
                            left[c] = left[c] and not wins


@compiled
def mean(x: Array, y: Array, counts: Array, kernel: Pair, stride: Pair, dilation: Pair, before: Pair) -> None:
    n, height, width, channels = x.shape
    for image in range(n):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                out, count = y[image, i, j], counts[i, j]
                out[:] = 0
                for up in range(kernel[0]):
                    row = i * stride[0] - before[0] + up * dilation[0]
                    if row < 0 or row >= height:
                        continue
                    for tap in range(kernel[1]):
                        column = j * stride[1] - before[1] + tap * dilation[1]
                        if column < 0 or column >= width:
                            continue
                        given = x[image, row, column]
                        for c in range(channels):
                            out[c] += given[c]
                for c in range(channels):
                    out[c] /= count


@compiled
def mean_of_four(x: Array, y: Array, counts: Array) -> None:
    for image in range(len(y)):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                a, b = x[image, 2 * i, 2 * j], x[image, 2 * i, 2 * j + 1]
                c, d = x[image, 2 * i + 1, 2 * j], x[image, 2 * i + 1, 2 * j + 1]
                out, count = y[image, i, j], counts[i, j]
                for k in range(y.shape[3]):
                    out[k] = (a[k] + b[k] + c[k] + d[k]) / count


@compiled
def to_four(gy: Array, gx: Array) -> None:
    channels, row, quarter = gy.shape[3], gx.shape[2] * gx.shape[3], 0.25
    for line in range(len(gy) * gy.shape[1]):
        for j in range(gy.shape[2]):
            for c in range(0, channels, lanes(gy)):
                count, given = min(channels - c, lanes(gy)), (line * gy.shape[2] + j) * channels + c
                out = 2 * line * row + 2 * j * channels + c
                put_vector(count, gx, out, gy, given, quarter)
                put_vector(count, gx, out + channels, gy, given, quarter)
                put_vector(count, gx, out + row, gy, given, quarter)
                put_vector(count, gx, out + row + channels, gy, given, quarter)


@compiled
def from_mean(gy: Array, gx: Array, counts: Array, kernel: Pair, stride: Pair, dilation: Pair, before: Pair) -> None:
    n, height, width, channels = gx.shape
    for image in range(n):
        for i in range(height):
            for j in range(width):
                gx[image, i, j, :] = 0
        for i in range(gy.shape[1]):
            for j in range(gy.shape[2]):
                share, count = gy[image, i, j], counts[i, j]
                for up in range(kernel[0]):
                    row = i * stride[0] - before[0] + up * dilation[0]
                    if row < 0 or row >= height:
                        continue
                    for tap in range(kernel[1]):
                        column = j * stride[1] - before[1] + tap * dilation[1]
                        if column < 0 or column >= width:
                            continue
                        out = gx[image, row, column]
                        for c in range(channels):
                            out[c] += share[c] / count
