"""Convolution and pooling of narrow images, whose rows are so short that one product takes whole rows to whole rows.

The weight becomes a band: a matrix from rows of x to a row of y that has a kernel's taps on its diagonals. Most of it
is 0, and yet such a product, a single large one, takes less time than copying out short windows.

Images are logical [N, channels, height, width], stored channels-last; so are weights. `stride`, `dilation` and `before`
(the padding at the start) have a number for each axis.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = tuple[int, int]


def band_conv(
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
) -> None:
    """y[n, m, i] = bias[m] + Σ weight[m, c, k] · x[n, c, stride·i + dilation·k − before]; the bias comes repeated,
    [width of y, maps].

    `band` is scratch memory for the weight as a matrix from rows of x, [kernel height, width of x, channels, width of
    y, maps], and `rows` for the rows of x that each row of y reads, [images of a block, height of y, kernel height,
    width of x × channels].
    """
    diagonals(weight, band, stride[1], dilation[1], before[1], write=True)
    outs = y.transpose(0, 2, 3, 1)
    for start, windows in read_rows(x, rows, stride[0], dilation[0], before[0]):
        out = outs[start : start + len(rows)].reshape(len(windows), -1)
        np.matmul(windows, band.reshape(windows.shape[1], -1), out=out)
        if bias is not None:
            out += bias.reshape(-1)


def band_weight_gradient(
    x: Array,
    gy: Array,
    gw: Array,
    band: Array,
    part: Array | None,
    rows: Array,
    *,
    stride: Pair,
    dilation: Pair,
    before: Pair,
) -> None:
    """gw[m, c, k] = Σ gy[n, m, i] · x[n, c, stride·i + dilation·k − before]; `band` and `rows` as in `band_conv`, and
    `part` is scratch memory like `band`, None when all images fit into `rows`."""
    ins = gy.transpose(0, 2, 3, 1)
    for start, windows in read_rows(x, rows, stride[0], dilation[0], before[0]):
        total = (band if start == 0 or part is None else part).reshape(windows.shape[1], -1)
        np.matmul(windows.T, ins[start : start + len(rows)].reshape(len(windows), -1), out=total)
        if start and part is not None:
            band += part
    diagonals(gw, band, stride[1], dilation[1], before[1], write=False)


def read_rows(x: Array, rows: Array, stride: int, dilation: int, before: int) -> Iterator[tuple[int, Array]]:
    """For each block of images its first one, and the rows of x that each row of y reads, as a matrix."""
    images = x.transpose(0, 2, 3, 1)
    taps = [reach(tap * dilation - before, stride, images.shape[1], rows.shape[1]) for tap in range(rows.shape[2])]
    if any(of != slice(0, rows.shape[1]) for _, of in taps):
        rows.fill(0.0)
    for start in range(0, len(images), len(rows)):
        lines = images[start : start + len(rows)].reshape(-1, images.shape[1], rows.shape[3])
        for tap, (to, of) in enumerate(taps):
            np.copyto(rows[: len(lines), of, tap], lines[:, to])
        yield start, rows[: len(lines)].reshape(-1, rows.shape[2] * rows.shape[3])


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
) -> None:
    """y[n, m, stride·i + dilation·k − before] gathers weight[c, m, k] · x[n, c, i]; then the bias is added, which comes
    repeated, [width of y, maps].

    `band` is scratch memory for the weight as a matrix from rows of x, [kernel height, width of y, maps, width of x,
    channels], and `rows` for what rows of x add to rows of y, [images of a block, height of x, kernel height, width of
    y × maps].
    """
    diagonals(weight, band, stride[1], dilation[1], before[1], write=True)
    matrix = band.reshape(-1, x.shape[3] * x.shape[1]).T
    ins, outs = x.transpose(0, 2, 3, 1), y.transpose(0, 2, 3, 1)
    for start in range(0, len(ins), len(rows)):
        out = outs[start : start + len(rows)]
        lines, parts = out.reshape(*out.shape[:2], -1), rows[: len(out)]
        some = ins[start : start + len(rows)].reshape(-1, len(matrix))
        np.matmul(some, matrix, out=parts.reshape(len(some), -1))
        out.fill(0.0)
        for tap in range(rows.shape[2]):
            to, of = reach(tap * dilation[0] - before[0], stride[0], lines.shape[1], rows.shape[1])
            target = lines[:, to]
            target += parts[:, of, tap]
        if bias is not None:
            out += bias


def diagonals(weight: Array, band: Array, stride: int, dilation: int, before: int, *, write: bool) -> None:
    """Between a weight [channels, maps, …] and the matrix `band`, [kernel height, long, maps, short, channels], in
    which the taps of a kernel's row lie on diagonals: tap k where long = stride · short + dilation · k − before.

    With `write` the band is made of the weight, all else in it being 0; without, the weight becomes the sums over the
    diagonals.
    """
    if write:
        band.fill(0.0)
    k, w, m, i, c = band.strides
    for tap in range(weight.shape[3]):
        to, of = reach(tap * dilation - before, stride, band.shape[1], band.shape[3])
        start = band[:, to.start :, :, of.start :]
        shape = (of.stop - of.start, band.shape[0], band.shape[2], band.shape[4])
        diagonal = as_strided(start, shape, (w * stride + i, k, m, c))
        if write:
            np.copyto(diagonal, weight[..., tap].transpose(2, 1, 0))
        else:
            np.sum(diagonal, axis=0, out=weight[..., tap].transpose(2, 1, 0))


def reach(offset: int, step: int, size: int, count: int) -> tuple[slice, slice]:
    """The positions offset + step · i of `size` that there are, and these i of `count`."""
    first = max(0, -(offset // step))
    end = max(first, min(count, (size - 1 - offset) // step + 1))
    start = first * step + offset
    return slice(start, start + step * (end - first), step), slice(first, end)
