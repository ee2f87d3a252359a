"""Convolution of few maps at stride 1, and its gradient by the weight, tap by tap on planes of one channel each.

With the rows of an image one after the other, and images too, a tap reads the whole of a plane from another place on:
a convolution is a sum of long lines, each times a number. The zeros behind a row are the padding behind it and that
before the next one. What a line holds where no window is goes nowhere, or is 0 in the other factor.

Images are [N, height, width, channels] and in C order; so are the weights, [maps, height, width, channels].
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from .compiled import compiled, sums

Array = NDArray[Any]
Pair = tuple[int, int]
# The numbers of a line that stay in the first cache with those of the taps.
LINE = 2048


@compiled
def direct(
    x: Array,
    weight: Array,
    bias: Array | None,
    y: Array,
    planes: Array,
    taps: Array,
    lines: Array,
    dilation: Pair,
    before: Pair,
    flipped: bool,
) -> None:
    """y[n, m, i] = bias[m] + Σ weight[m, c, k] · x[n, c, i + dilation·k − before].

    `flipped`: the weight is [channels, …, maps], and its taps are taken in the other order. Scratch memory: `planes`
    [channels, those of `extent` for a block of images], `taps` [maps, channels, kernel], `lines` [2, …].
    """
    channels, maps, size = x.shape[3], y.shape[3], taps.shape[3]
    width, area, around = extent(x, y, (taps.shape[2], size), dilation, before)
    block = (planes.shape[1] - around) // area
    read_taps(weight, taps, flipped)
    planes[:] = 0
    for start in range(0, len(x), block):
        count = min(block, len(x) - start)
        for n in range(count):
            read_planes(x[start + n], planes, before[0] * width + before[1] + n * area, width)
        whole = (count - 1) * area + (y.shape[1] - 1) * width + y.shape[2]
        # Two maps at a time read a line once; the last of an odd number is computed twice.
        for m in range(0, maps, 2):
            other = min(m + 1, maps - 1)
            for place in range(0, whole, LINE):
                length = min(LINE, whole - place)
                first, second = lines[0, place : place + length], lines[1, place : place + length]
                first[:] = 0 if bias is None else bias[m]
                second[:] = 0 if bias is None else bias[other]
                for c in range(channels):
                    for up in range(taps.shape[2]):
                        one, two = taps[m, c, up], taps[other, c, up]
                        at, tap = place + up * dilation[0] * width, 0
                        while tap < size:
                            if size - tap >= 5:
                                five(planes[c], at, dilation[1], one[tap:], two[tap:], first, second)
                                tap += 5
                                at += 5 * dilation[1]
                            elif size - tap >= 3:
                                three(planes[c], at, dilation[1], one[tap:], two[tap:], first, second)
                                tap += 3
                                at += 3 * dilation[1]
                            else:
                                single(planes[c], at, one[tap], two[tap], first, second)
                                tap += 1
                                at += dilation[1]
            for n in range(count):
                for i in range(y.shape[1]):
                    place, out = n * area + i * width, y[start + n, i]
                    for j in range(y.shape[2]):
                        out[j, m] = lines[0, place + j]
                        out[j, other] = lines[1, place + j]


@compiled
def direct_weight_gradient(
    x: Array, gy: Array, gw: Array, planes: Array, slopes: Array, dilation: Pair, before: Pair
) -> None:
    """gw[m, c, k] = Σ gy[n, m, i] · x[n, c, i + dilation·k − before]; scratch memory: `planes` as above, `slopes`
    [maps, …] for gy at the same places."""
    channels, maps, size = x.shape[3], len(gw), gw.shape[2]
    width, area, around = extent(x, gy, (gw.shape[1], size), dilation, before)
    block = (planes.shape[1] - around) // area
    planes[:] = 0
    slopes[:] = 0
    gw[:] = 0
    for start in range(0, len(x), block):
        count = min(block, len(x) - start)
        for n in range(count):
            read_planes(x[start + n], planes, before[0] * width + before[1] + n * area, width)
            read_planes(gy[start + n], slopes, n * area, width)
        length = count * area
        for c in range(channels):
            for up in range(gw.shape[1]):
                for tap in range(0, size, 5):
                    last = min(size - tap, 5) - 1
                    line = planes[c, up * dilation[0] * width + tap * dilation[1] :]
                    for m in range(0, maps, 2):
                        other = min(m + 1, maps - 1)
                        found = dots(line, slopes[m, :length], slopes[other, :length], dilation[1], last)
                        for k in range(last + 1):
                            gw[m, up, tap + k, c] += found[k]
                            if other != m:
                                gw[other, up, tap + k, c] += found[5 + k]


@compiled
def extent(x: Array, y: Array, kernel: Pair, dilation: Pair, before: Pair) -> Any:
    """Of a plane: the numbers from one row to the next, those from one image to the next, and those around a block."""
    reach = (kernel[0] - 1) * dilation[0], (kernel[1] - 1) * dilation[1]
    sizes = [0, 0]
    for axis in range(2):
        given, made = x.shape[1 + axis], y.shape[1 + axis]
        after = made + reach[axis] - given - before[axis]
        sizes[axis] = max(given + max(before[axis], after), made)
    return sizes[1], sizes[0] * sizes[1], reach[0] * sizes[1] + reach[1]


@compiled
def read_taps(weight: Array, taps: Array, flipped: bool) -> None:
    maps, channels, height, size = taps.shape
    for m in range(maps):
        for c in range(channels):
            for i in range(height):
                for j in range(size):
                    taps[m, c, i, j] = weight[c, height - 1 - i, size - 1 - j, m] if flipped else weight[m, i, j, c]


@compiled
def read_planes(x: Array, planes: Array, start: int, width: int) -> None:
    """One image into the planes, its first number at `start`."""
    for row in range(x.shape[0]):
        place, line = start + row * width, x[row]
        for column in range(x.shape[1]):
            for c in range(x.shape[2]):
                planes[c, place + column] = line[column, c]


@compiled
def five(x: Array, at: int, step: int, one: Array, two: Array, first: Array, second: Array) -> None:
    size = first.size
    x0, x1, x2 = x[at : at + size], x[at + step : at + step + size], x[at + 2 * step : at + 2 * step + size]
    x3, x4 = x[at + 3 * step : at + 3 * step + size], x[at + 4 * step : at + 4 * step + size]
    a0, a1, a2, a3, a4 = one[0], one[1], one[2], one[3], one[4]
    b0, b1, b2, b3, b4 = two[0], two[1], two[2], two[3], two[4]
    for i in range(size):
        first[i] += a0 * x0[i] + a1 * x1[i] + a2 * x2[i] + a3 * x3[i] + a4 * x4[i]
        second[i] += b0 * x0[i] + b1 * x1[i] + b2 * x2[i] + b3 * x3[i] + b4 * x4[i]


@compiled
def three(x: Array, at: int, step: int, one: Array, two: Array, first: Array, second: Array) -> None:
    size = first.size
    x0, x1, x2 = x[at : at + size], x[at + step : at + step + size], x[at + 2 * step : at + 2 * step + size]
    a0, a1, a2 = one[0], one[1], one[2]
    b0, b1, b2 = two[0], two[1], two[2]
    for i in range(size):
        first[i] += a0 * x0[i] + a1 * x1[i] + a2 * x2[i]
        second[i] += b0 * x0[i] + b1 * x1[i] + b2 * x2[i]


@compiled
def single(x: Array, at: int, one: Any, two: Any, first: Array, second: Array) -> None:
    x0 = x[at : at + first.size]
    for i in range(first.size):
        first[i] += one * x0[i]
        second[i] += two * x0[i]


@sums
def dots(x: Array, one: Array, two: Array, step: int, last: int) -> Any:
    """The products of one and two with x from five places on, the one at `last` again behind that."""
    size = one.size
    x0, x1 = x[:size], x[min(1, last) * step : min(1, last) * step + size]
    x2, x3 = x[min(2, last) * step : min(2, last) * step + size], x[min(3, last) * step : min(3, last) * step + size]
    x4 = x[min(4, last) * step : min(4, last) * step + size]
    a0 = a1 = a2 = a3 = a4 = one.dtype.type(0)
    b0 = b1 = b2 = b3 = b4 = one.dtype.type(0)
    for i in range(size):
        p, q = one[i], two[i]
        a0 += p * x0[i]
        a1 += p * x1[i]
        a2 += p * x2[i]
        a3 += p * x3[i]
        a4 += p * x4[i]
        b0 += q * x0[i]
        b1 += q * x1[i]
        b2 += q * x2[i]
        b3 += q * x3[i]
        b4 += q * x4[i]
    return a0, a1, a2, a3, a4, b0, b1, b2, b3, b4
