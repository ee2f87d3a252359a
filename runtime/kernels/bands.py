"""Transposed convolution of narrow images, whose rows are so short that one product takes whole rows to whole rows.

Images are logical [N, channels, height, width], stored channels-last; so are weights. `stride`, `dilation` and `before`
(the padding at the start) have a number for each axis.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = tuple[int, int]


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
    spread(weight, band, stride[1], dilation[1], before[1])
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


def spread(weight: Array, band: Array, stride: int, dilation: int, before: int) -> None:
    """The weight as the matrix `band`: the taps of a kernel's row lie on diagonals, and all else is 0."""
    band.fill(0.0)
    k, w, m, i, c = band.strides
    for tap in range(weight.shape[3]):
        to, of = reach(tap * dilation - before, stride, band.shape[1], band.shape[3])
        start = band[:, to.start :, :, of.start :]
        shape = (of.stop - of.start, band.shape[0], band.shape[2], band.shape[4])
        np.copyto(as_strided(start, shape, (w * stride + i, k, m, c)), weight[..., tap].transpose(2, 1, 0))


def reach(offset: int, step: int, size: int, count: int) -> tuple[slice, slice]:
    """The positions offset + step · i of `size` that there are, and these i of `count`."""
    first = max(0, -(offset // step))
    end = max(first, min(count, (size - 1 - offset) // step + 1))
    start = first * step + offset
    return slice(start, start + step * (end - first), step), slice(first, end)
