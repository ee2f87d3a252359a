"""Pooling and its gradients, tap by tap: a tap is one position of the window, and all outputs that reach it at once.

Images are logical [N, channels, height, width], stored channels-last. `block` is how many images stay in cache at a
time. `kernel`, `stride`, `dilation` and `before` (the padding at the start) have a number for each axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = tuple[int, int]
Slices = tuple[slice, ...]
Line = list[tuple[slice, slice]]
Step = Callable[[], object]
# The channels up to which a product adds columns faster than NumPy does.
FEW = 8


def max_pool(x: Array, y: Array, *, block: int, kernel: Pair, stride: Pair, dilation: Pair, before: Pair) -> None:
    """The maximum of each window; padding never wins."""
    ins, outs = x.transpose(0, 2, 3, 1), y.transpose(0, 2, 3, 1)
    found = pool_taps(ins.shape, outs.shape, kernel, stride, dilation, before)
    # A tap that every window has goes first and is just copied.
    found.sort(key=lambda tap: tap[1] != whole(outs.shape))
    for start in range(0, len(ins), block):
        image, out = ins[start : start + block], outs[start : start + block]
        if found[0][1] == whole(outs.shape):
            np.copyto(out, image[found[0][0]])
        else:
            out.fill(-np.inf)
        for reads, writes in found:
            np.maximum(out[writes], image[reads], out=out[writes])


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
    """gy goes to the first position, row by row, of each window that has the maximum y.

    Scratch memory like a block of y: `part`, and of truth values `here` and `open_`.
    """
    arrays = [array.transpose(0, 2, 3, 1) for array in (x, y, gy, gx)]
    found = pool_taps(arrays[0].shape, arrays[1].shape, kernel, stride, dilation, before)
    alone = apart(kernel, stride, dilation)
    read = sum((p.stop - p.start) * (q.stop - q.start) for _, (_, p, q) in found)
    every = alone and read == math.prod(arrays[0].shape[1:3])
    for start in range(0, len(x), len(part)):
        ins, outs, gouts, gins = (array[start : start + len(part)] for array in arrays)
        left = open_[: len(outs)]
        left.fill(True)
        if not every:
            gins.fill(0.0)
        for reads, writes in found:
            wins, share, todo = here[: len(outs)][writes], part[: len(outs)][writes], left[writes]
            np.equal(ins[reads], outs[writes], out=wins)
            wins &= todo
            todo ^= wins
            if alone:
                np.multiply(gouts[writes], wins, out=gins[reads])
                continue
            np.multiply(gouts[writes], wins, out=share)
            target = gins[reads]
            target += share


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
) -> Callable[[], None]:
    """What computes the mean of each window; `counted` is the padding (before, after) on each axis whose taps count.

    First the rows of each window are added, then the columns of these sums: `lines` is scratch memory for a block of
    them, [images, height of y, width of x, channels].
    """
    ins, outs = x.transpose(0, 2, 3, 1), y.transpose(0, 2, 3, 1)
    rows, columns = axis_taps(ins.shape, outs.shape, kernel, stride, dilation, before)
    counts = tap_counts(ins.shape, outs.shape, kernel, stride, dilation, before, counted).astype(y.dtype)
    matrix = few_columns(ins, outs, counts, kernel, stride, dilation, before)
    steps: list[Step] = []
    for start in range(0, len(ins), len(lines)):
        image, out = ins[start : start + len(lines)], outs[start : start + len(lines)]
        sums = lines[: len(out)]
        steps += gather(image, sums, rows)
        if matrix is not None:
            whole = sums.reshape(-1, len(matrix))
            steps.append(partial(np.matmul, whole, matrix, out=out.reshape(-1, out.shape[3])))
            continue
        steps += gather(sums.swapaxes(1, 2), out.swapaxes(1, 2), columns)
        steps.append(partial(np.divide, out, counts, out=out))
    return in_order(steps)


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
) -> Callable[[], None]:
    """What gives gy in equal parts to the positions of each window: to its columns first, and from them to its rows.

    `part` is scratch memory like a block of gy, and `lines` as in `avg_pool`.
    """
    outs, ins = gy.transpose(0, 2, 3, 1), gx.transpose(0, 2, 3, 1)
    rows, columns = axis_taps(ins.shape, outs.shape, kernel, stride, dilation, before)
    counts = tap_counts(ins.shape, outs.shape, kernel, stride, dilation, before, counted).astype(gy.dtype)
    alone = apart(kernel, stride, dilation)
    matrix = few_columns(ins, outs, counts, kernel, stride, dilation, before)
    steps: list[Step] = []
    for start in range(0, len(ins), len(part)):
        image, out = ins[start : start + len(part)], outs[start : start + len(part)]
        share, sums = part[: len(out)], lines[: len(out)]
        if matrix is not None:
            whole = sums.reshape(-1, len(matrix))
            steps.append(partial(np.matmul, out.reshape(-1, out.shape[3]), matrix.T, out=whole))
        else:
            steps.append(partial(np.divide, out, counts, out=share))
            steps += scatter(share.swapaxes(1, 2), sums.swapaxes(1, 2), columns, alone)
        steps += scatter(sums, image, rows, alone)
    return in_order(steps)


def in_order(steps: list[Step]) -> Callable[[], None]:
    """What runs these calls, whose arrays are bound already."""

    def run() -> None:
        for step in steps:
            step()

    return run


def few_columns(
    ins: Array, outs: Array, counts: Array, kernel: Pair, stride: Pair, dilation: Pair, before: Pair
) -> Array | None:
    """The matrix from neighbours that no other window has, [columns × channels], to their mean: of a few channels a
    product takes less than half of the time of additions, or copies, that are a few channels long. None elsewhere."""
    whole_rows = kernel[1] == stride[1] and dilation[1] == 1 and before[1] == 0 and counts.size == 1
    if not whole_rows or ins.shape[2] != kernel[1] * outs.shape[2] or ins.shape[3] > FEW:
        return None
    return np.tile(np.eye(ins.shape[3], dtype=counts.dtype) / counts, (kernel[1], 1))


def gather(x: Array, y: Array, taps: Line) -> Iterator[Step]:
    """y becomes the sum of what its taps along dimension 1 read of x."""
    everywhere = slice(0, y.shape[1])
    first = [reads for reads, writes in taps if writes == everywhere][:2]
    if len(first) == 2:
        yield partial(np.add, x[:, first[0]], x[:, first[1]], out=y)
    else:
        first = []
        yield partial(y.fill, 0.0)
    for reads, writes in taps:
        if reads not in first:
            target = y[:, writes]
            yield partial(np.add, target, x[:, reads], out=target)


def scatter(y: Array, x: Array, taps: Line, alone: bool) -> Iterator[Step]:
    """x becomes the sum of what its taps along dimension 1 read of y; no two of them the same when they are `alone`."""
    if not alone or sum(writes.stop - writes.start for _, writes in taps) < x.shape[1]:
        yield partial(x.fill, 0.0)
    for reads, writes in taps:
        if alone:
            yield partial(np.copyto, pieces(x[:, reads]), pieces(y[:, writes]))
        else:
            target = x[:, reads]
            yield partial(np.add, target, y[:, writes], out=target)


def pieces(images: Array) -> Array:
    """The channels of each position as one item: a loop over a few numbers takes the time of many such copies."""
    return images.view(f"V{images.shape[-1] * images.itemsize}")[..., 0]


def global_max_pool_gradient(x: Array, y: Array, gy: Array, gx: Array, here: Array, seen: Array) -> None:
    """gy goes to the first position, row by row, of each map that has the maximum y; `here` and `seen` are scratch
    memory for the truth values of a block of x."""
    arrays = [array.transpose(0, 2, 3, 1) for array in (x, y, gy, gx)]
    for start in range(0, len(x), len(here)):
        ins, outs, gouts, gins = (array[start : start + len(here)] for array in arrays)
        flat = (len(ins), -1, ins.shape[3])
        wins, before = here[: len(ins)].reshape(flat), seen[: len(ins)].reshape(flat)
        np.equal(ins, outs, out=wins.reshape(ins.shape))
        np.logical_or.accumulate(wins, axis=1, out=before)
        rest = wins[:, 1:]
        np.greater(rest, before[:, :-1], out=rest)
        np.multiply(gouts, wins.reshape(ins.shape), out=gins)


def apart(kernel: Pair, stride: Pair, dilation: Pair) -> bool:
    """Whether no two windows read the same position."""
    return all(s > (k - 1) * d for k, s, d in zip(kernel, stride, dilation, strict=True))


def pool_taps(
    ins: tuple[int, ...], outs: tuple[int, ...], kernel: Pair, stride: Pair, dilation: Pair, before: Pair
) -> list[tuple[Slices, Slices]]:
    """For each tap, row by row, the positions of x that it reads and the outputs that read them; without those that
    read padding alone. Sizes are [N, height, width, channels]."""
    rows, columns = axis_taps(ins, outs, kernel, stride, dilation, before)
    images = slice(None)
    return [((images, r, s), (images, p, q)) for r, p in rows for s, q in columns]


def axis_taps(
    ins: tuple[int, ...], outs: tuple[int, ...], kernel: Pair, stride: Pair, dilation: Pair, before: Pair
) -> tuple[Line, Line]:
    """`pool_taps` on each axis alone: for each tap of the kernel's height, and of its width, what reads what."""
    lines: list[Line] = []
    for axis in (0, 1):
        size, count, step = ins[1 + axis], outs[1 + axis], stride[axis]
        line = []
        for tap in range(kernel[axis]):
            offset = tap * dilation[axis] - before[axis]
            first, last = max(0, -(offset // step)), min(count - 1, (size - 1 - offset) // step)
            if first <= last:
                reads = slice(first * step + offset, last * step + offset + 1, step)
                line.append((reads, slice(first, last + 1)))
        lines.append(line)
    return lines[0], lines[1]


def whole(outs: tuple[int, ...]) -> Slices:
    """The outputs that a tap of every window has."""
    return slice(None), slice(0, outs[1]), slice(0, outs[2])


@lru_cache(maxsize=64)
def tap_counts(
    ins: tuple[int, ...],
    outs: tuple[int, ...],
    kernel: Pair,
    stride: Pair,
    dilation: Pair,
    before: Pair,
    counted: tuple[Pair, Pair],
) -> Array:
    """How many taps of each window lie in the image with the `counted` padding: [height, width, 1], or one number if
    they are all the same, since NumPy is slow where it has to repeat a few; not to be written to."""
    lines: list[Array] = []
    for axis in (0, 1):
        taps: Array = np.arange(kernel[axis]) * dilation[axis] - before[axis]
        positions = np.arange(outs[1 + axis])[:, None] * stride[axis] + taps
        inside = (positions >= -counted[axis][0]) & (positions < ins[1 + axis] + counted[axis][1])
        lines.append(np.count_nonzero(inside, axis=1))
    counts: Array = lines[0][:, None, None] * lines[1][:, None]
    return counts if np.ptp(counts) else counts[:1, 0, 0]
