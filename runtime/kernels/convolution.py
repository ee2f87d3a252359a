"""Convolution and its gradients by unfolding blocks of images into matrices, so that BLAS does the arithmetic.

Images are logical [N, channels, height, width], stored channels-last; so are weights. `columns` is scratch memory for
the windows of one block: [images, rows of the output, width of the output, channels × taps]; without it the image is
already such a matrix. `padded` is scratch memory for one block of images with zeros around them, where any are needed.
`stride`, `dilation` and `before` (the padding at the start, or below 0 what is cut off) have a number for each axis.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = tuple[int, int]
# Up to so many multiplications OpenBLAS reads the matrices where they lie; for more it first brings both into an order
# of its own.
SMALL = 10**6


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
    """y[n, m, i] = bias[m] + Σ weight[m, c, k] · x[n, c, stride·i + dilation·k − before].

    `bias` comes repeated, [width of y, maps], and so it does below. Fastest where the maps of `weight` lie last.
    """
    maps, _, *kernel = weight.shape
    matrix = weight.transpose(0, 2, 3, 1).reshape(groups, maps // groups, -1).transpose(0, 2, 1)
    outs = y.transpose(0, 2, 3, 1)
    steps = unfold(x, outs.shape[1:3], padded, columns, (*kernel,), stride, dilation, before, groups)
    for images, rows, windows in steps:
        out = outs[images, rows]
        multiply(windows, matrix, by_group(out, groups))
        if bias is not None:
            out += bias


def multiply(rows: Array, matrix: Array, out: Array) -> None:
    """out = rows · matrix, for each group; a few rows at a time where the matrix is so small that this is faster."""
    groups, taps, maps = matrix.shape
    tile = SMALL // (taps * maps) // 16 * 16
    count = rows.shape[1] // max(tile, 1) * tile
    if groups > 1 or tile < (48 if maps <= 32 else 96) or not count:
        np.matmul(rows, matrix, out=out)
        return
    np.matmul(rows[0, :count].reshape(-1, tile, taps), matrix[0], out=out[0, :count].reshape(-1, tile, maps))
    if count < rows.shape[1]:
        np.matmul(rows[:, count:], matrix, out=out[:, count:])


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
    """gw[m, c, k] = Σ gy[n, m, i] · x[n, c, stride·i + dilation·k − before]; `part` is scratch memory like gw, None
    when all images fit into `columns`."""
    maps, _, *kernel = gw.shape
    total = gw.transpose(0, 2, 3, 1).reshape(groups, maps // groups, -1)
    sums = total if part is None else part.reshape(total.shape)
    ins = gy.transpose(0, 2, 3, 1)
    first = True
    steps = unfold(x, ins.shape[1:3], padded, columns, (*kernel,), stride, dilation, before, groups)
    for images, rows, windows in steps:
        np.matmul(by_group(ins[images, rows], groups).transpose(0, 2, 1), windows, out=total if first else sums)
        if not first:
            total += sums
        first = False


def flip(weight: Array, flipped: Array, *, groups: int) -> None:
    """The weight of the convolution that a transposed convolution at stride 1 is: from [channels, maps / groups, …]
    to [maps, channels / groups, …], with the taps in the other order.

    Fast where `flipped` is stored with its maps last, as `weight` is: whole rows are copied then.
    """
    channels, maps, *kernel = weight.shape
    turned = weight.transpose(0, 2, 3, 1).reshape(groups, channels // groups, *kernel, maps)[:, :, ::-1, ::-1]
    np.copyto(flipped.transpose(2, 3, 1, 0).reshape(*kernel, -1, groups, maps), turned.transpose(2, 3, 1, 0, 4))


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
    """y[n, m, stride·i + dilation·k − before] gathers weight[c, m, k] · x[n, c, i]; then the bias is added.

    `spread` is scratch memory for a block of y before its padding is cut off, where there is any; `products` for what
    the taps add, [kernel height, kernel width, images, rows of x, width of x, maps].
    """
    channels, maps, height, width = weight.shape
    matrices = weight.transpose(2, 3, 0, 1).reshape(height, width, groups, channels // groups, maps)
    ins, outs = x.transpose(0, 2, 3, 1), y.transpose(0, 2, 3, 1)
    block, band = products.shape[2:4]
    for start in range(0, len(ins), block):
        out = outs[start : start + block]
        whole = out if spread is None else spread[: len(out)]
        whole.fill(0.0)
        for top in range(0, ins.shape[1], band):
            images = ins[start : start + block, top : top + band]
            taps = beginning(products, height, width, *images.shape[:3], groups * maps)
            by_tap = taps.reshape(height, width, -1, groups, maps).transpose(0, 1, 3, 2, 4)
            np.matmul(by_group(images, groups), matrices, out=by_tap)
            for i, j in np.ndindex(height, width):
                target = every(whole, top * stride[0] + i * dilation[0], j * dilation[1], stride, images.shape)
                target += taps[i, j]
        if spread is not None:
            paste(out, whole, -before[0], -before[1])
        if bias is not None:
            out += bias


def depthwise_conv(
    x: Array,
    weight: Array,
    bias: Array | None,
    y: Array,
    padded: Array | None,
    tiles: Array,
    *,
    stride: Pair,
    dilation: Pair,
    before: Pair,
) -> None:
    """`conv` with a kernel for each channel.

    `tiles` is scratch memory for the weight repeated along the width, [kernel height, kernel width, width of y,
    channels], as NumPy is slow where it has to repeat a few numbers.
    """
    outs = y.transpose(0, 2, 3, 1)
    np.copyto(tiles, weight.transpose(2, 3, 1, 0))
    for start, source in blocks(x.transpose(0, 2, 3, 1), padded, before):
        out = outs[start : start + len(source)]
        np.einsum("nhijwc,ijwc->nhwc", reads(source, tiles, out.shape[1], stride, dilation), tiles, out=out)
    if bias is not None:
        outs += bias


def depthwise_weight_gradient(
    x: Array,
    gy: Array,
    gw: Array,
    padded: Array | None,
    tiles: Array,
    sums: Array,
    *,
    stride: Pair,
    dilation: Pair,
    before: Pair,
) -> None:
    """`conv_weight_gradient` with a kernel for each channel; `tiles` is scratch memory for what each column of gy adds,
    and `sums` is like it."""
    outs = gy.transpose(0, 2, 3, 1)
    sums.fill(0.0)
    for start, source in blocks(x.transpose(0, 2, 3, 1), padded, before):
        out = outs[start : start + len(source)]
        np.einsum("nhijwc,nhwc->ijwc", reads(source, tiles, out.shape[1], stride, dilation), out, out=tiles)
        sums += tiles
    np.sum(sums, axis=2, keepdims=True, out=gw.transpose(2, 3, 1, 0))


def reads(source: Array, tiles: Array, height: int, stride: Pair, dilation: Pair) -> Array:
    """What the taps read of padded images: a view [N, height, kernel height, kernel width, width, channels]."""
    n, h, w, c = source.strides
    shape = (len(source), height, *tiles.shape)
    return as_strided(source, shape, (n, h * stride[0], h * dilation[0], w * dilation[1], w * stride[1], c))


def depthwise_deconv(
    x: Array,
    weight: Array,
    bias: Array | None,
    y: Array,
    spread: Array | None,
    tiles: Array,
    part: Array,
    *,
    stride: Pair,
    dilation: Pair,
    before: Pair,
) -> None:
    """`deconv` with a kernel for each channel, tap by tap; `tiles` as in `depthwise_conv`, with the width of x, and
    `part` is scratch memory for a block of x, [images, rows, width, channels]."""
    ins, outs = x.transpose(0, 2, 3, 1), y.transpose(0, 2, 3, 1)
    np.copyto(tiles, weight.transpose(2, 3, 1, 0))
    for start in range(0, len(ins), len(part)):
        out = outs[start : start + len(part)]
        whole = out if spread is None else spread[: len(out)]
        whole.fill(0.0)
        for top in range(0, ins.shape[1], part.shape[1]):
            images = ins[start : start + len(part), top : top + part.shape[1]]
            product = beginning(part, *images.shape)
            for i, j in np.ndindex(*tiles.shape[:2]):
                np.multiply(images, tiles[i, j], out=product)
                target = every(whole, top * stride[0] + i * dilation[0], j * dilation[1], stride, images.shape)
                target += product
        if spread is not None:
            paste(out, whole, -before[0], -before[1])
        if bias is not None:
            out += bias


def every(images: Array, top: int, left: int, stride: Pair, shape: tuple[int, ...]) -> Array:
    """The positions of channels-last images that one tap reads or writes, for windows of [N, height, width]."""
    bottom, right = top + stride[0] * (shape[1] - 1) + 1, left + stride[1] * (shape[2] - 1) + 1
    return images[:, top : bottom : stride[0], left : right : stride[1]]


def unfold(
    x: Array,
    sizes: tuple[int, ...],
    padded: Array | None,
    columns: Array | None,
    kernel: tuple[int, ...],
    stride: Pair,
    dilation: Pair,
    before: Pair,
    groups: int,
) -> Iterator[tuple[slice, slice, Array]]:
    """For each block: its images, its rows of the output of these `sizes`, and their windows [groups, positions, taps ×
    channels]."""
    images = x.transpose(0, 2, 3, 1)
    if columns is None:
        yield slice(None), slice(None), by_group(images.reshape(len(images), *sizes, -1), groups)
        return
    channels = images.shape[3] // groups
    block, band = columns.shape[:2]
    for start, source in blocks(images, padded, before, block):
        n, h, w, c = source.strides
        strides = (n, h * stride[0], w * stride[1], channels * c, h * dilation[0], w * dilation[1], c)
        for top in range(0, sizes[0], band):
            rows = min(band, sizes[0] - top)
            places = (len(source), rows, sizes[1])
            taps = as_strided(source[:, top * stride[0] :], (*places, groups, *kernel, channels), strides)
            if images.shape[3] == 1:
                # Of one channel a window has short rows: the other way round, rows of the image are copied.
                turned = beginning(columns, *kernel, *places)
                np.copyto(turned, taps[:, :, :, 0, :, :, 0].transpose(3, 4, 0, 1, 2))
                matrices = turned.reshape(kernel[0] * kernel[1], -1).T[None]
            else:
                windows = beginning(columns, *places, columns.shape[3])
                np.copyto(windows.reshape(taps.shape), taps)
                matrices = by_group(windows, groups)
            yield slice(start, start + len(source)), slice(top, top + rows), matrices


def blocks(images: Array, padded: Array | None, before: Pair, block: int = 0) -> Iterator[tuple[int, Array]]:
    """The first image and the padded images of each block: as many as fit into `padded`, or `block`, or all."""
    if padded is not None:
        padded.fill(0.0)
        block = len(padded)
    for start in range(0, len(images), block or len(images)):
        source = images[start : start + (block or len(images))]
        if padded is not None:
            paste(padded[: len(source)], source, *before)
            source = padded[: len(source)]
        yield start, source


def beginning(scratch: Array, *shape: int) -> Array:
    """The first numbers of scratch memory in another shape: a part of its rows alone would not lie together."""
    return scratch.reshape(-1)[: math.prod(shape)].reshape(shape)


def by_group(images: Array, groups: int) -> Array:
    """[N, height, width, groups × numbers] as [groups, positions, numbers], in the same memory."""
    return images.reshape(-1, groups, images.shape[3] // groups).transpose(1, 0, 2)


def paste(target: Array, source: Array, top: int, left: int) -> None:
    """Copy channels-last images to (top, left) of others, or from there on where it is negative, as far as both go."""
    into, out_of = [], []
    for before, size, room in zip((top, left), source.shape[1:3], target.shape[1:3], strict=True):
        start, first = max(before, 0), max(-before, 0)
        count = max(min(size - first, room - start), 0)
        into.append(slice(start, start + count))
        out_of.append(slice(first, first + count))
    np.copyto(target[:, into[0], into[1]], source[:, out_of[0], out_of[1]])
