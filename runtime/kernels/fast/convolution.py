"""Convolution and its gradients in one compiled loop over blocks: windows are unfolded, and SciPy's BLAS multiplies.

Arguments as in `kernels.convolution`, whose kernels take what does not lie together or has groups.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import convolution
from .compiled import compiled

Array = NDArray[Any]
Pair = tuple[int, int]


def conv(
    x: Array,
    weight: Array,
    bias: Array | None,
    y: Array,
    padded: Array | None,
    columns: Array | None,
    *,
    stride: Pair,
    dilation: Pair,
    before: Pair,
    groups: int,
) -> None:
    """y[n, m, i] = bias[m] + Σ weight[m, c, k] · x[n, c, stride·i + dilation·k − before]."""
    ins, kernels, outs = (array.transpose(0, 2, 3, 1) for array in (x, weight, y))
    if columns is None or groups > 1 or not lie_together(ins, kernels, outs):
        windows = {"stride": stride, "dilation": dilation, "before": before}
        convolution.conv(x, weight, bias, y, padded, columns, **windows, groups=groups)
        return
    multiply(ins, kernels, outs, None if bias is None else bias[0], columns, stride, dilation, before)


def conv_weight_gradient(
    x: Array,
    gy: Array,
    gw: Array,
    part: Array | None,
    padded: Array | None,
    columns: Array | None,
    *,
    stride: Pair,
    dilation: Pair,
    before: Pair,
    groups: int,
) -> None:
    """gw[m, c, k] = Σ gy[n, m, i] · x[n, c, stride·i + dilation·k − before]."""
    ins, given, made = (array.transpose(0, 2, 3, 1) for array in (x, gy, gw))
    if columns is None or groups > 1 or not lie_together(ins, given, made):
        windows = {"stride": stride, "dilation": dilation, "before": before}
        convolution.conv_weight_gradient(x, gy, gw, part, padded, columns, **windows, groups=groups)
        return
    work = (gw if part is None else part).reshape(-1)
    multiply_back(ins, given, made, work, columns, stride, dilation, before)


def deconv(
    x: Array,
    weight: Array,
    bias: Array | None,
    y: Array,
    spread: Array | None,
    products: Array,
    *,
    stride: Pair,
    dilation: Pair,
    before: Pair,
    groups: int,
) -> None:
    """y[n, m, stride·i + dilation·k − before] gathers weight[c, m, k] · x[n, c, i]; then the bias is added."""
    ins, kernels, outs = (array.transpose(0, 2, 3, 1) for array in (x, weight, y))
    if groups > 1 or not lie_together(ins, kernels, outs):
        windows = {"stride": stride, "dilation": dilation, "before": before}
        convolution.deconv(x, weight, bias, y, spread, products, **windows, groups=groups)
        return
    scatter(ins, kernels, outs, None if bias is None else bias[0], products, stride, dilation, before)


def lie_together(*arrays: Array) -> bool:
    return all(array.flags.c_contiguous for array in arrays)


@compiled
def multiply(
    x: Array, weight: Array, y: Array, bias: Array | None, columns: Array, stride: Pair, dilation: Pair, before: Pair
) -> None:
    maps = len(weight)
    taps = weight.size // maps
    matrix, out, work = weight.reshape((maps, taps)).T, y.reshape(-1), columns.reshape(-1)
    images, band = columns.shape[:2]
    for image in range(0, len(x), images):
        count = min(images, len(x) - image)
        for top in range(0, y.shape[1], band):
            rows = min(band, y.shape[1] - top)
            start, places = (image * y.shape[1] + top) * y.shape[2], count * rows * y.shape[2]
            made = out[start * maps : (start + places) * maps].reshape((places, maps))
            turned = x.shape[3] == 1
            unfold(
                x, work, weight.shape[1], weight.shape[2], image, count, top, rows, y.shape[2], stride, dilation, before
            )
            if turned:
                np.dot(work[: taps * places].reshape((taps, places)).T, matrix, made)
            else:
                np.dot(work[: taps * places].reshape((places, taps)), matrix, made)
            if bias is not None:
                for place in range(places):
                    for m in range(maps):
                        made[place, m] += bias[m]


@compiled
def multiply_back(
    x: Array, gy: Array, gw: Array, part: Array, columns: Array, stride: Pair, dilation: Pair, before: Pair
) -> None:
    maps = len(gw)
    taps = gw.size // maps
    given, total, work = gy.reshape(-1), gw.reshape(-1), columns.reshape(-1)
    images, band = columns.shape[:2]
    for image in range(0, len(x), images):
        count = min(images, len(x) - image)
        for top in range(0, gy.shape[1], band):
            rows = min(band, gy.shape[1] - top)
            start, places = (image * gy.shape[1] + top) * gy.shape[2], count * rows * gy.shape[2]
            slopes = given[start * maps : (start + places) * maps].reshape((places, maps)).T
            unfold(x, work, gw.shape[1], gw.shape[2], image, count, top, rows, gy.shape[2], stride, dilation, before)
            first = image == 0 and top == 0
            made = (total if first else part).reshape((maps, taps))
            if x.shape[3] == 1:
                np.dot(slopes, work[: taps * places].reshape((taps, places)).T, made)
            else:
                np.dot(slopes, work[: taps * places].reshape((places, taps)), made)
            if not first:
                for i in range(total.size):
                    total[i] += part[i]


@compiled
def unfold(
    x: Array,
    work: Array,
    height: int,
    length: int,
    image: int,
    count: int,
    top: int,
    rows: int,
    width: int,
    stride: Pair,
    dilation: Pair,
    before: Pair,
) -> None:
    """The windows of some images and rows of the output, [places, taps × channels]; of one channel the other way round,
    [taps, places], so that rows of the image are copied."""
    for n in range(image, image + count):
        for i in range(rows):
            line = ((n - image) * rows + i) * width
            for up in range(height):
                row = (top + i) * stride[0] + up * dilation[0] - before[0]
                inside = 0 <= row < x.shape[1]
                if x.shape[3] == 1:
                    by_tap(
                        x, work, n, row, inside, count * rows * width, line, up, length, width, stride, dilation, before
                    )
                else:
                    by_place(x, work, n, row, inside, height, line, up, length, width, stride, dilation, before)


@compiled
def by_tap(
    x: Array,
    work: Array,
    n: int,
    row: int,
    inside: bool,
    places: int,
    line: int,
    up: int,
    length: int,
    width: int,
    stride: Pair,
    dilation: Pair,
    before: Pair,
) -> None:
    """What the taps of a row of the kernel read of an image of one channel, for a row of the output."""
    for tap in range(length):
        start = (up * length + tap) * places + line
        offset = tap * dilation[1] - before[1]
        # The places whose window reads inside of the image.
        first = min(max(0, -(offset // stride[1])), width) if inside else width
        last = max(first, min(width, (x.shape[2] - 1 - offset) // stride[1] + 1))
        for j in range(first):
            work[start + j] = 0
        if stride[1] == 1:
            given = x[n, row, first + offset : last + offset, 0] if last > first else x[n, 0, :0, 0]
            for j in range(last - first):
                work[start + first + j] = given[j]
        else:
            for j in range(first, last):
                work[start + j] = x[n, row, j * stride[1] + offset, 0]
        for j in range(last, width):
            work[start + j] = 0


@compiled
def by_place(
    x: Array,
    work: Array,
    n: int,
    row: int,
    inside: bool,
    height: int,
    line: int,
    up: int,
    length: int,
    width: int,
    stride: Pair,
    dilation: Pair,
    before: Pair,
) -> None:
    """What a row of the kernel reads of an image, for each place of a row of the output."""
    channels = x.shape[3]
    size, given = length * channels, x.reshape(-1)
    whole = (n * x.shape[1] + row) * x.shape[2]
    for j in range(width):
        start = ((line + j) * height + up) * size
        position = j * stride[1] - before[1]
        if not inside:
            for c in range(size):
                work[start + c] = 0
        elif dilation[1] == 1 and position >= 0 and position + length <= x.shape[2]:
            read = (whole + position) * channels
            for c in range(size):
                work[start + c] = given[read + c]
        else:
            for tap in range(length):
                column, to = position + tap * dilation[1], start + tap * channels
                if 0 <= column < x.shape[2]:
                    read = (whole + column) * channels
                    for c in range(channels):
                        work[to + c] = given[read + c]
                else:
                    for c in range(channels):
                        work[to + c] = 0


@compiled
def scatter(
    x: Array, weight: Array, y: Array, bias: Array | None, products: Array, stride: Pair, dilation: Pair, before: Pair
) -> None:
    channels, height, length, maps = weight.shape
    given, work = x.reshape(-1), products.reshape(-1)
    images, band = products.shape[2], products.shape[3]
    size = height * length * maps
    y[:] = 0
    for image in range(0, len(x), images):
        count = min(images, len(x) - image)
        for top in range(0, x.shape[1], band):
            rows = min(band, x.shape[1] - top)
            start, places = (image * x.shape[1] + top) * x.shape[2], count * rows * x.shape[2]
            some = given[start * channels : (start + places) * channels].reshape((places, channels))
            np.dot(some, weight.reshape((channels, size)), work[: places * size].reshape((places, size)))
            for place in range(places):
                n, rest = place // (rows * x.shape[2]), place % (rows * x.shape[2])
                i, j = top + rest // x.shape[2], rest % x.shape[2]
                for up in range(height):
                    row = i * stride[0] + up * dilation[0] - before[0]
                    if row < 0 or row >= y.shape[1]:
                        continue
                    for tap in range(length):
                        column = j * stride[1] + tap * dilation[1] - before[1]
                        if column < 0 or column >= y.shape[2]:
                            continue
                        at = place * size + (up * length + tap) * maps
                        part, out = work[at : at + maps], y[image + n, row, column]
                        for m in range(maps):
                            out[m] += part[m]
    if bias is not None:
        for n in range(len(y)):
            for row in range(y.shape[1]):
                for column in range(y.shape[2]):
                    out = y[n, row, column]
                    for m in range(maps):
                        out[m] += bias[m]
