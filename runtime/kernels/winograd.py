"""Convolution with 3×3 kernels at stride 1 by Winograd's algorithm, and its gradient by the weight.

Each 2×2 tile of the output takes 16 multiplications for each pair of maps instead of 36: with B, G and A as below,
Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A for the 4×4 positions d that a tile reads, and ⊙, summed over the channels, is 16
products of matrices. The gradient by g is Gᵀ [(Bᵀ d B) ⊙ (A Y' Aᵀ)] G, of the gradient Y' by the tile.

Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015, F(2×2, 3×3).

A block of tiles stays in a core's cache. B only adds and takes away, which is done for whole rows of tiles at a time,
since rows and columns with even and with odd numbers are parted first; A and G, on both axes at once, are products with
a matrix of 16 columns.

Each function makes its views once and returns what runs. Images are logical [N, channels, height, width], stored
channels-last; so are weights. `before` is the padding at the start of each axis, or below 0 what is cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .convolution import SMALL, beginning

Array = NDArray[Any]
Pair = tuple[int, int]
Call = tuple[Callable[..., object], tuple[Any, ...]]

G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
A = np.array([[1, 0], [1, 1], [1, -1], [0, -1]])
# The place whose product is added to each of the four numbers of a tile.
ALL = 5
# The fewest tiles that are worth a product of their own, as measured.
WORTH = 64


def winograd_conv(
    x: Array,
    weight: Array,
    bias: Array | None,
    y: Array,
    kernels: Array,
    padded: Array,
    tiles: Array,
    work: Array,
    sums: Array,
    *,
    before: Pair,
    flipped: bool,
) -> Callable[[], None]:
    """y[n, m, i] = bias[m] + Σ weight[m, c, k] · x[n, c, i + k − before]; the bias comes repeated, [width of y, maps].

    `flipped`: the weight is [channels, maps, 3, 3], and its taps are taken in the other order. Fastest where the maps
    of `weight` lie last. Scratch memory: `kernels` [16, …the maps and channels of the weight], and for a block of tiles
    `padded` [2, images, rows + 1, 2, width + 1, channels], `tiles` [16, images, rows, width, channels], `sums`
    [4, …, maps], and `work` for [4, images, rows, 2, width + 1, channels], and after that for [16, …, maps].
    """
    outs = y.transpose(0, 2, 3, 1)
    calls, matrices = transform_weight(weight, kernels, flipped)
    for images, rows, d, moves in transform_tiles(x, (outs.shape[1] + 1) // 2, padded, tiles, work, before):
        calls += moves
        p = beginning(work, *d.shape[:-1], sums.shape[-1])
        calls.append(multiply_tiles(d, matrices, p))
        if bias is not None:
            calls.append((np.add, (p[ALL], bias[: d.shape[3]], p[ALL])))
        s = beginning(sums, 4, *p.shape[1:])
        calls.append(combine(np.kron(A, A).T, p, s))
        calls += [(np.copyto, (out, part)) for out, part in positions(outs[images], rows, s)]
    return lambda: perform(calls)


def winograd_weight_gradient(
    x: Array,
    gy: Array,
    gw: Array,
    kernels: Array,
    part: Array | None,
    padded: Array,
    tiles: Array,
    work: Array,
    sums: Array,
    *,
    before: Pair,
) -> Callable[[], None]:
    """gw[m, c, k] = Σ gy[n, m, i] · x[n, c, i + k − before]; scratch memory as in `winograd_conv`, and `part` is for
    some places of `kernels`, [4, …], None when all tiles are one block."""
    outs = gy.transpose(0, 2, 3, 1)
    calls: list[Call] = []
    blocks = transform_tiles(x, (outs.shape[1] + 1) // 2, padded, tiles, work, before)
    for number, (images, rows, d, moves) in enumerate(blocks):
        calls += moves
        s = beginning(sums, 4, *d.shape[1:-1], sums.shape[-1])
        pairs = list(positions(outs[images], rows, s))
        if sum(inner.size for _, inner in pairs) < s.size:
            calls.append((s.fill, (0.0,)))
        calls += [(np.copyto, (inner, out)) for out, inner in pairs]
        p = beginning(work, *d.shape[:-1], sums.shape[-1])
        calls.append(combine(np.kron(A, A), s, p))
        left, right = p.reshape(16, -1, p.shape[-1]).transpose(0, 2, 1), d.reshape(16, -1, d.shape[-1])
        if not number or part is None:
            calls.append((np.matmul, (left, right, kernels)))
            continue
        for first in range(0, 16, len(part)):
            some = slice(first, first + len(part))
            calls += [(np.matmul, (left[some], right[some], part)), (np.add, (kernels[some], part, kernels[some]))]
    taps = gw.transpose(0, 2, 3, 1).reshape(len(gw), 9, -1)
    calls.append((np.matmul, (np.kron(G, G).T.astype(gw.dtype), kernels.transpose(1, 0, 2), taps)))
    return lambda: perform(calls)


def perform(calls: list[Call]) -> None:
    for function, arguments in calls:
        function(*arguments)


def transform_weight(weight: Array, kernels: Array, flipped: bool) -> tuple[list[Call], Array]:
    """What makes G g Gᵀ of each kernel, and that as 16 matrices [channels, maps]."""
    transform = np.kron(G, G).astype(weight.dtype)
    if flipped:
        # Taken in the other order, the taps change the first and the last of G g.
        transform = transform.reshape(4, 4, 9)[[3, 1, 2, 0]][:, [3, 1, 2, 0]].reshape(16, 9)
    last = weight.transpose(2, 3, 1, 0)
    if not flipped and last.flags.c_contiguous:
        matrices = kernels.reshape(16, last.shape[2], last.shape[3])
        return [(np.matmul, (transform, last.reshape(9, -1), matrices.reshape(16, -1)))], matrices
    first = weight.transpose(0, 2, 3, 1).reshape(len(weight), 9, -1)
    calls: list[Call] = [(np.matmul, (transform, first, kernels.transpose(1, 0, 2)))]
    return calls, kernels if flipped else kernels.transpose(0, 2, 1)


def transform_tiles(
    x: Array, height: int, padded: Array, tiles: Array, work: Array, before: Pair
) -> Iterator[tuple[slice, slice, Array, list[Call]]]:
    """For each block its images, its rows of tiles out of `height`, where Bᵀ d B of its tiles is, and what puts it
    there.

    Bᵀ = (1 0 −1 0; 0 1 1 0; 0 −1 1 0; 0 1 0 −1): with the rows of d parted into those with even and with odd numbers,
    the first and the last row of it are each the difference of a row and the next of its kind.
    """
    images = x.transpose(0, 2, 3, 1)
    block, band = tiles.shape[1:3]
    before_this: tuple[int, ...] = ()
    for start in range(0, len(images), block):
        source = images[start : start + block]
        for top in range(0, height, band):
            rows = min(band, height - top)
            calls: list[Call] = []
            if before_this != (len(source), rows, top):
                # What lies beside the images is the same in all blocks of as many images and the same rows.
                calls.append((padded.fill, (0.0,)))
                before_this = len(source), rows, top
            parted = beginning(padded, 2, len(source), rows + 1, *padded.shape[3:])
            for row, column in np.ndindex(2, 2):
                first = 2 * top + row - before[0], column - before[1]
                calls += every_other(parted[row, :, :, column], source, *first)
            line = beginning(work, 4, len(source), rows, *padded.shape[3:])
            tile = beginning(tiles, 16, len(source), rows, *tiles.shape[3:])
            calls += differences(parted[:, :, :-1], parted[:, :, 1:], line)
            by_column = line.transpose(3, 0, 1, 2, 4, 5)
            across = tile.reshape(4, 4, *tile.shape[1:]).swapaxes(0, 1)
            calls += differences(by_column[..., :-1, :], by_column[..., 1:, :], across)
            yield slice(start, start + len(source)), slice(top, top + rows), tile, calls


def differences(these: Array, following: Array, out: Array) -> list[Call]:
    """out = Bᵀ (even, odd, next even, next odd), of (even, odd) and what follows them."""
    return [
        (np.subtract, (these, following, out[::3])),
        (np.add, (these[1], following[0], out[1])),
        (np.subtract, (following[0], these[1], out[2])),
    ]


def every_other(target: Array, source: Array, top: int, left: int) -> list[Call]:
    """What copies every other position of channels-last images from (top, left) on, as far as there are any."""
    into, out_of = [], []
    for first, size, room in zip((top, left), source.shape[1:3], target.shape[1:3], strict=True):
        outside = max(-first + 1, 0) // 2
        start = first + 2 * outside
        count = max(min(-(-(size - start) // 2), room - outside), 0)
        into.append(slice(outside, outside + count))
        out_of.append(slice(start, start + 2 * count, 2))
    inside = target[:, into[0], into[1]]
    return [(np.copyto, (inside, source[:, out_of[0], out_of[1]]))] if inside.size else []


def multiply_tiles(tiles: Array, matrices: Array, products: Array) -> Call:
    """What multiplies the tiles of each place by its matrix [channels, maps], a few at a time where that is faster:
    OpenBLAS then makes 300 GFLOP/s of 64 channels and maps instead of 220."""
    channels, maps = matrices.shape[1:]
    these, those = tiles.reshape(16, -1, channels), products.reshape(16, -1, maps)
    count = divisor(these.shape[1], SMALL // (channels * maps))
    if count >= WORTH:
        few, out = these.reshape(16, -1, count, channels), those.reshape(16, -1, count, maps)
        return np.matmul, (few, matrices[:, None], out)
    return np.matmul, (these, matrices, those)


def combine(matrix: Array, source: Array, target: Array) -> Call:
    """What makes target = matrix · source, over the first axis of both, of so many numbers at a time that OpenBLAS
    reads them where they lie."""
    maps = source.shape[-1]
    numbers = divisor(source[0].size // maps, max(SMALL // (matrix.size * maps), 1)) * maps
    views = (array.reshape(len(array), -1, numbers).transpose(1, 0, 2) for array in (source, target))
    return np.matmul, (matrix.astype(source.dtype), *views)


def divisor(number: int, most: int) -> int:
    """The largest divisor of a number that is at most so large."""
    return max((n for n in range(1, min(number, most) + 1) if number % n == 0), default=1)


def positions(images: Array, rows: slice, sums: Array) -> Iterator[tuple[Array, Array]]:
    """The four positions of each tile of some rows of tiles, in images and in [4, images, rows, width, maps]: at once,
    or each by itself where tiles hang over the border."""
    _, height, width, maps = images.shape
    top, bottom = 2 * rows.start, min(2 * rows.stop, height)
    if bottom == 2 * rows.stop and width % 2 == 0:
        shape = len(images), rows.stop - rows.start, 2, width // 2, 2, maps
        yield images[:, top:bottom].reshape(shape).transpose(2, 4, 0, 1, 3, 5), sums.reshape(2, 2, *sums.shape[1:])
        return
    for row, column in np.ndindex(2, 2):
        inside = images[:, top + row : bottom : 2, column::2]
        yield inside, sums[2 * row + column, :, : inside.shape[1], : inside.shape[2]]
