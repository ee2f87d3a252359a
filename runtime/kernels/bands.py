"""Convolution of images with few channels or few maps, where windows are so short that one product takes a piece of
some rows of x to a piece of a row of y.

The weight becomes a band: a matrix from what a tile reads of the rows of x to the tile, a piece of a row of y, that has
a kernel's taps on its diagonals. Much of it is 0, and yet such a product, a single large one, takes less time than
copying out short windows. Where a row is one tile, the band leaves out the padding beside it.

Each function makes its views once and returns what runs. Images are logical [N, channels, height, width], stored
channels-last; so are weights. `stride`, `dilation` and `before` (the padding at the start) have a number for each axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = tuple[int, int]
Moves = list[tuple[Array, Array]]


def band_conv(
    x: Array,
    weight: Array,
    bias: Array | None,
    y: Array,
    band: Array,
    padded: Array | None,
    rows: Array,
    *,
    stride: Pair,
    dilation: Pair,
    before: Pair,
) -> Callable[[], None]:
    """y[n, m, i] = bias[m] + Σ weight[m, c, k] · x[n, c, stride·i + dilation·k − before]; the bias comes repeated,
    [width of y, maps].

    `band` is scratch memory for the weight as a matrix, [kernel height, columns of x that a tile reads, channels, width
    of a tile, maps]; `padded` for a block of images with zeros around them, those beside them only where a row has
    several tiles, and None where no tile reads any; `rows` for what the tiles read, [images of a block, height of y,
    tiles of a row, kernel height, columns × channels].
    """
    before, shift = beside(before, rows)
    taps = diagonals(weight, band, stride[1], dilation[1], shift)
    matrix = band.reshape(-1, band.shape[3] * band.shape[4])
    outs = y.transpose(0, 2, 3, 1)
    steps = []
    for start, moves, windows in read_tiles(x, band, padded, rows, stride, dilation, before):
        out = outs[start : start + len(rows)]
        steps.append((moves, windows, out.reshape(len(windows), -1), out.reshape(-1, outs.shape[2] * outs.shape[3])))
    repeated = None if bias is None else bias.reshape(-1)

    def run() -> None:
        band.fill(0.0)
        move(taps)
        if padded is not None:
            padded.fill(0.0)
        for moves, windows, out, lines in steps:
            move(moves)
            np.matmul(windows, matrix, out=out)
            if repeated is not None:
                np.add(lines, repeated, out=lines)

    return run


def band_weight_gradient(
    x: Array,
    gy: Array,
    gw: Array,
    band: Array,
    part: Array | None,
    padded: Array | None,
    rows: Array,
    *,
    stride: Pair,
    dilation: Pair,
    before: Pair,
) -> Callable[[], None]:
    """gw[m, c, k] = Σ gy[n, m, i] · x[n, c, stride·i + dilation·k − before]; `band`, `padded` and `rows` as in
    `band_conv`, and `part` is scratch memory like `band`, None when all images fit into `rows`."""
    before, shift = beside(before, rows)
    taps = diagonals(gw, band, stride[1], dilation[1], shift)
    ins = gy.transpose(0, 2, 3, 1)
    steps = []
    for start, moves, windows in read_tiles(x, band, padded, rows, stride, dilation, before):
        total = (band if start == 0 or part is None else part).reshape(windows.shape[1], -1)
        steps.append((moves, windows.T, ins[start : start + len(rows)].reshape(len(windows), -1), total))

    def run() -> None:
        if padded is not None:
            padded.fill(0.0)
        for number, (moves, windows, out, total) in enumerate(steps):
            move(moves)
            np.matmul(windows, out, out=total)
            if number and part is not None:
                np.add(band, part, out=band)
        for diagonal, tap in taps:
            np.sum(diagonal, axis=0, out=tap)

    return run


def band_deconv(
    x: Array,
    weight: Array,
    bias: Array | None,
    y: Array,
    band: Array,
    rows: Array,
    *,
    stride: Pair,
    dilation: Pair,
    before: Pair,
) -> Callable[[], None]:
    """y[n, m, stride·i + dilation·k − before] gathers weight[c, m, k] · x[n, c, i]; then the bias is added, which comes
    repeated, [width of y, maps].

    `band` is scratch memory for the weight as a matrix, [kernel height, columns of y that a tile of x adds to, maps,
    width of a tile, channels], and `rows` for what the tiles add, [images of a block, height of x, tiles of a row,
    kernel height, columns × maps].
    """
    before, shift = beside(before, rows)
    taps = diagonals(weight, band, stride[1], dilation[1], shift)
    matrix = band.reshape(-1, band.shape[3] * band.shape[4]).T
    ins, outs = x.transpose(0, 2, 3, 1), y.transpose(0, 2, 3, 1)
    steps = []
    for start in range(0, len(ins), len(rows)):
        out, parts = outs[start : start + len(rows)], rows[: len(ins) - start]
        some = ins[start : start + len(rows)].reshape(-1, len(matrix))
        adds = list(add_tiles(parts, out, band, stride, dilation, before))
        steps.append((some, parts.reshape(len(some), -1), out, adds))

    def run() -> None:
        band.fill(0.0)
        move(taps)
        for some, parts, out, adds in steps:
            np.matmul(some, matrix, out=parts)
            out.fill(0.0)
            for target, tile in adds:
                np.add(target, tile, out=target)
            if bias is not None:
                np.add(out, bias, out=out)

    return run


def beside(before: Pair, rows: Array) -> tuple[Pair, int]:
    """The padding before what tiles read, and that which is left to the band: the one beside the image, where each row
    is one tile."""
    return (before, 0) if rows.shape[2] > 1 else ((before[0], 0), before[1])


def read_tiles(
    x: Array, band: Array, padded: Array | None, rows: Array, stride: Pair, dilation: Pair, before: Pair
) -> Iterator[tuple[int, Moves, Array]]:
    """For each block of images its first one, what has to be copied, and what each tile then reads, as a matrix."""
    images = x.transpose(0, 2, 3, 1)
    for start in range(0, len(images), len(rows)):
        source, moves = images[start : start + len(rows)], []
        part = rows[: len(source)]
        if padded is not None:
            (top, down), (left, right) = (
                reach(-offset, 1, *sizes)
                for offset, *sizes in zip(before, source.shape[1:3], padded.shape[1:3], strict=True)
            )
            whole = padded[: len(source)]
            moves.append((whole[:, down, right], source[:, top, left]))
            source = whole
        n, h, w, c = source.strides
        strides = (n, h * stride[0], w * stride[1] * band.shape[3], h * dilation[0], c)
        moves.append((items(part), items(as_strided(source, part.shape, strides))))
        yield start, moves, part.reshape(-1, rows.shape[3] * rows.shape[4])


def add_tiles(
    rows: Array, images: Array, band: Array, stride: Pair, dilation: Pair, before: Pair
) -> Iterator[tuple[Array, Array]]:
    """What is added to channels-last images, and by what: for each tile of a row and each row of the kernel."""
    height, width, channels = images.shape[1:]
    lines = images.reshape(len(images), height, width * channels)
    for tile, tap in np.ndindex(*rows.shape[2:4]):
        to, of = reach(tap * dilation[0] - before[0], stride[0], height, rows.shape[1])
        across, at = reach(tile * band.shape[3] * stride[1] - before[1], 1, width, band.shape[1])
        target = lines[:, to, across.start * channels : across.stop * channels]
        yield target, rows[:, of, tile, tap, at.start * channels : at.stop * channels]


def items(numbers: Array) -> Array:
    """What lies together in memory as one item: to copy few numbers, NumPy's loop takes longer than for one item."""
    return numbers.view(f"V{numbers.shape[-1] * numbers.itemsize}")[..., 0]


def move(moves: Moves) -> None:
    """Copy."""
    for to, of in moves:
        np.copyto(to, of)


def diagonals(weight: Array, band: Array, stride: int, dilation: int, before: int) -> Moves:
    """The diagonals of the matrix `band`, [kernel height, long, maps, short, channels], on which the taps of a kernel's
    row lie, and the part of the weight [channels, maps, …] that each holds: tap k where long = stride · short +
    dilation · k − before."""
    k, w, m, i, c = band.strides
    found = []
    for tap in range(weight.shape[3]):
        to, of = reach(tap * dilation - before, stride, band.shape[1], band.shape[3])
        start = band[:, to.start :, :, of.start :]
        shape = (of.stop - of.start, band.shape[0], band.shape[2], band.shape[4])
        diagonal = as_strided(start, shape, (w * stride + i, k, m, c))
        found.append((diagonal, weight[..., tap].transpose(2, 1, 0)))
    return found


def reach(offset: int, step: int, size: int, count: int) -> tuple[slice, slice]:
    """The positions offset + step · i of `size` that there are, and these i of `count`."""
    first = max(0, -(offset // step))
    end = max(first, min(count, (size - 1 - offset) // step + 1))
    start = first * step + offset
    return slice(start, start + step * (end - first), step), slice(first, end)
