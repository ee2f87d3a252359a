"""Convolution with 3×3 kernels at stride 1 by Winograd's algorithm, and its gradient by the weight.

Each 2×2 tile of the output takes 16 multiplications for each pair of maps instead of 36: with B, G and A as below,
Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A for the 4×4 positions d that a tile reads, and ⊙, summed over the channels, is 16
products of matrices. The gradient by g is Gᵀ [(Bᵀ d B) ⊙ (A Y' Aᵀ)] G, of the gradient Y' by the tile.

Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015, F(2×2, 3×3).

All arrays are [N, height, width, channels] and in C order; so are the weights, [maps, 3, 3, channels].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled, inlined

Array = NDArray[Any]
HALF = np.float32(0.5)
# Each row of Bᵀ adds one of four positions to another, or takes it away.
ONE, OTHER, SIGN = (0, 1, 2, 1), (2, 2, 1, 3), (-1, 1, -1, -1)


@compiled
def winograd(
    x: Array,
    weight: Array,
    bias: Array | None,
    y: Array,
    kernels: Array,
    tiles: Array,
    products: Array,
    lines: Array,
    sums: Array,
    top: int,
    left: int,
    flipped: bool,
) -> None:
    """y[n, m, i] = bias[m] + Σ weight[m, c, k] · x[n, c, i + k − before]; (top, left) is the padding before.

    `flipped`: the weight is [channels, 3, 3, maps], and its taps are taken in the other order. Scratch memory:
    `kernels` 16 × the weight's maps and channels, `tiles` [16, tiles of a block × channels], `products` [16, … × maps],
    `lines` [2, (tiles of a row + 1) × channels], `sums` [8, tiles of a row × maps].
    """
    channels, maps = x.shape[3], y.shape[3]
    rows, width = (y.shape[1] + 1) // 2, (y.shape[2] + 1) // 2
    # BLAS takes small matrices faster as they are than transposed.
    turned = flipped or channels * maps <= 64 * 64
    transform_weight(weight, kernels, flipped, turned)
    block = tiles.shape[1] // (width * channels)
    for start in range(0, len(x) * rows, block):
        stop = min(start + block, len(x) * rows)
        count = (stop - start) * width
        read_tiles(x, tiles, lines[0], lines[1], start, stop, rows, width, top, left)
        for place in range(16):
            d = tiles[place, : count * channels].reshape((count, channels))
            p = products[place, : count * maps].reshape((count, maps))
            if turned:
                np.dot(d, kernels[place].reshape((channels, maps)), p)
            else:
                np.dot(d, kernels[place].reshape((maps, channels)).T, p)
        write_tiles(products, y, sums, bias, start, stop, rows, width)


@compiled
def winograd_weight_gradient(
    x: Array,
    gy: Array,
    gw: Array,
    kernels: Array,
    part: Array,
    tiles: Array,
    products: Array,
    lines: Array,
    sums: Array,
    top: int,
    left: int,
) -> None:
    """gw[m, c, k] = Σ gy[n, m, i] · x[n, c, i + k − before]; scratch memory as in `winograd`, `part` one more
    [maps × channels]."""
    channels, maps = x.shape[3], gy.shape[3]
    rows, width = (gy.shape[1] + 1) // 2, (gy.shape[2] + 1) // 2
    block = tiles.shape[1] // (width * channels)
    for start in range(0, len(x) * rows, block):
        stop = min(start + block, len(x) * rows)
        count = (stop - start) * width
        read_tiles(x, tiles, lines[0], lines[1], start, stop, rows, width, top, left)
        spread_tiles(gy, products, sums, start, stop, rows, width)
        for place in range(16):
            d = tiles[place, : count * channels].reshape((count, channels))
            p = products[place, : count * maps].reshape((count, maps))
            total = kernels[place].reshape((maps, channels))
            if start == 0:
                np.dot(p.T, d, total)
            else:
                np.dot(p.T, d, part.reshape((maps, channels)))
                add(total.reshape(maps * channels), part)
    restore_weight(kernels, gw)


@compiled
def add(total: Array, part: Array) -> None:
    for i in range(total.size):
        total[i] += part[i]


@compiled
def transform_weight(weight: Array, kernels: Array, flipped: bool, turned: bool) -> None:
    """kernels = G g Gᵀ, with G = (1 0 0; ½ ½ ½; ½ −½ ½; 0 0 1), for each map and channel or `turned`.

    With `flipped` it is turned already.
    """
    count, _, _, size = weight.shape
    first, last = (2, 0) if flipped else (0, 2)
    for m in range(count):
        start, step = (m, count) if turned and not flipped else (m * size, 1)
        for column in range(4):
            a, b, c, d = four(kernels, column, 4, start, (size - 1) * step + 1)
            for i in range(size):
                upper = along(column, weight[m, first, first, i], weight[m, first, 1, i], weight[m, first, last, i])
                middle = along(column, weight[m, 1, first, i], weight[m, 1, 1, i], weight[m, 1, last, i])
                lower = along(column, weight[m, last, first, i], weight[m, last, 1, i], weight[m, last, last, i])
                at = i * step
                a[at], b[at], c[at], d[at] = spread(upper, middle, lower)


@compiled
def along(column: int, a: Any, b: Any, c: Any) -> Any:
    """One of G (a, b, c)."""
    return spread(a, b, c)[column]


@compiled
def spread(a: Any, b: Any, c: Any) -> Any:
    """G (a, b, c)."""
    ends, middle = (a + c) * HALF, b * HALF
    return a, ends + middle, ends - middle, c


@compiled
def restore_weight(kernels: Array, gw: Array) -> None:
    """gw = Gᵀ k G."""
    size = gw.shape[3]
    for m in range(len(gw)):
        g = gw[m]
        k = kernels[:, m * size : m * size + size]
        for i in range(size):
            a0, b0, c0 = gather(k[0, i], k[4, i], k[8, i], k[12, i])
            a1, b1, c1 = gather(k[1, i], k[5, i], k[9, i], k[13, i])
            a2, b2, c2 = gather(k[2, i], k[6, i], k[10, i], k[14, i])
            a3, b3, c3 = gather(k[3, i], k[7, i], k[11, i], k[15, i])
            g[0, 0, i], g[0, 1, i], g[0, 2, i] = gather(a0, a1, a2, a3)
            g[1, 0, i], g[1, 1, i], g[1, 2, i] = gather(b0, b1, b2, b3)
            g[2, 0, i], g[2, 1, i], g[2, 2, i] = gather(c0, c1, c2, c3)


@compiled
def gather(a: Any, b: Any, c: Any, d: Any) -> Any:
    """Gᵀ (a, b, c, d)."""
    half = (b + c) * HALF
    return a + half, (b - c) * HALF, half + d


@compiled
def read_tiles(
    x: Array,
    tiles: Array,
    even: Array,
    odd: Array,
    start: int,
    stop: int,
    rows: int,
    width: int,
    top: int,
    left: int,
) -> None:
    """tiles = Bᵀ d B of the rows of tiles from `start` to `stop`, with B = (1 0 0 0; 0 1 −1 1; −1 1 1 0; 0 0 0 −1).

    `even` and `odd` hold the sum of two rows of x at the positions of either kind, so that all that follows is done
    for a whole row of tiles at once.
    """
    _, height, length, channels = x.shape
    size = width * channels
    for number in range(start, stop):
        image, first = number // rows, 2 * (number % rows) - top
        place = (number - start) * size
        for row in range(4):
            one, other, sign = first + ONE[row], first + OTHER[row], x.dtype.type(SIGN[row])
            inside, beside = 0 <= one < height, 0 <= other < height
            for half in range(2):
                line = odd if half else even
                for column in range(width + 1):
                    out = line[column * channels : column * channels + channels]
                    position = 2 * column + half - left
                    if position < 0 or position >= length or not (inside or beside):
                        for i in range(channels):
                            out[i] = 0
                    elif inside and beside:
                        u, v = x[image, one, position], x[image, other, position]
                        for i in range(channels):
                            out[i] = u[i] + sign * v[i]
                    elif inside:
                        u = x[image, one, position]
                        for i in range(channels):
                            out[i] = u[i]
                    else:
                        v = x[image, other, position]
                        for i in range(channels):
                            out[i] = sign * v[i]
            a, b, c, d = four(tiles, 4 * row, 1, place, size)
            after_even, after_odd = even[channels:], odd[channels:]
            for i in range(size):
                a[i] = even[i] - after_even[i]
                b[i] = odd[i] + after_even[i]
                c[i] = after_even[i] - odd[i]
                d[i] = odd[i] - after_odd[i]


@compiled
def write_tiles(
    products: Array, y: Array, sums: Array, bias: Array | None, start: int, stop: int, rows: int, width: int
) -> None:
    """y = Aᵀ products A + bias, with A = (1 0; 1 1; 1 −1; 0 −1); what hangs over the border of y is left out."""
    _, height, length, maps = y.shape
    size = width * maps
    for number in range(start, stop):
        image, first = number // rows, 2 * (number % rows)
        place = (number - start) * size
        for column in range(4):
            a, b, c, d = four(products, column, 4, place, size)
            upper, lower = sums[column], sums[4 + column]
            for i in range(size):
                upper[i] = a[i] + b[i] + c[i]
                lower[i] = b[i] - c[i] - d[i]
        for row in range(min(2, height - first)):
            for tile in range(width):
                a, b, c, d = four(sums, 4 * row, 1, tile * maps, maps)
                out = y[image, first + row, 2 * tile]
                if bias is None:
                    for i in range(maps):
                        out[i] = a[i] + b[i] + c[i]
                else:
                    for i in range(maps):
                        out[i] = a[i] + b[i] + c[i] + bias[i]
                if 2 * tile + 1 == length:
                    continue
                out = y[image, first + row, 2 * tile + 1]
                if bias is None:
                    for i in range(maps):
                        out[i] = b[i] - c[i] - d[i]
                else:
                    for i in range(maps):
                        out[i] = b[i] - c[i] - d[i] + bias[i]


@inlined
def four(rows: Array, first: int, step: int, place: int, size: int) -> Any:
    """A part of every `step`-th row of a matrix, from the `first` on; each lies together, which LLVM has to see."""
    stop = place + size
    return (
        rows[first, place:stop],
        rows[first + step, place:stop],
        rows[first + 2 * step, place:stop],
        rows[first + 3 * step, place:stop],
    )


@compiled
def spread_tiles(gy: Array, products: Array, sums: Array, start: int, stop: int, rows: int, width: int) -> None:
    """products = A gy Aᵀ, where tiles hang over the border of gy with 0."""
    _, height, length, maps = gy.shape
    size = width * maps
    for number in range(start, stop):
        image, first = number // rows, 2 * (number % rows)
        place = (number - start) * size
        if first + 1 == height:
            sums[4:].fill(0)
        for row in range(min(2, height - first)):
            for tile in range(width):
                a, b, c, d = four(sums, 4 * row, 1, tile * maps, maps)
                one = gy[image, first + row, 2 * tile]
                if 2 * tile + 1 < length:
                    other = gy[image, first + row, 2 * tile + 1]
                    for i in range(maps):
                        a[i] = one[i]
                        b[i] = one[i] + other[i]
                        c[i] = one[i] - other[i]
                        d[i] = -other[i]
                else:
                    for i in range(maps):
                        a[i] = one[i]
                        b[i] = one[i]
                        c[i] = one[i]
                        d[i] = 0
        for column in range(4):
            upper, lower = sums[column], sums[4 + column]
            a, b, c, d = four(products, column, 4, place, size)
            for i in range(size):
                a[i] = upper[i]
                b[i] = upper[i] + lower[i]
                c[i] = upper[i] - lower[i]
                d[i] = -lower[i]
