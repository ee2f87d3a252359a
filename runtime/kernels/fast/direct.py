"""Convolution of few maps, its gradient by the weight, and what undoes it, in tiles of sums that stay in registers.

A tile holds a vector of the innermost dimension of what is made, for some positions beside each other (`tile`): windows
are read where they lie, and nothing is unfolded. Images are [N, height, width, channels] and in C order; so are the
weights, [maps, height, width, channels]. Rows of padding are left out; columns of it are zeros in a copy of an image.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from .compiled import compiled, inlined
from .tile import ROWS, add_vector, lanes, tile

Array = NDArray[Any]
Pair = tuple[int, int]


@compiled
def direct(
    x: Array,
    weight: Array,
    bias: Array | None,
    y: Array,
    taps: Array,
    room: Array | None,
    stride: Pair,
    dilation: Pair,
    before: Pair,
) -> None:
    """y[n, m, i] = bias[m] + Σ weight[m, c, k] · x[n, c, stride·i + dilation·k − before].

    Scratch memory: `taps` for the weight as [kernel height, kernel width, channels, maps], `room` [height of x, width
    of all windows, channels], None where there are no columns of padding.
    """
    (maps, height, size, channels), made = weight.shape, y.shape[2]
    for m in range(maps):
        for up in range(height):
            for tap in range(size):
                for c in range(channels):
                    taps[up, tap, c, m] = weight[m, up, tap, c]
    # The channels of a row of taps lie together, unless there is a distance between these.
    pieces, numbers = (1, size * channels) if dilation[1] == 1 else (size, channels)
    count = -(-made // -(-made // ROWS))
    for n in range(len(x)):
        images, at, width = place(x, n, room, before[1])
        for i in range(y.shape[1]):
            top = i * stride[0] - before[0]
            first, last = inside(top, dilation[0], height, x.shape[1])
            row = at + (top + first * dilation[0]) * width * channels
            loops = (
                (last - first, dilation[0] * width * channels, size * channels * maps),
                (pieces, dilation[1] * channels, channels * maps),
                (numbers, 1, maps),
            )
            for part in range(0, made, count):
                # The last of them begins earlier and is made in part again.
                j = min(part, made - count)
                for m in range(0, maps, lanes(y)):
                    tile(
                        count,
                        min(maps - m, lanes(y)),
                        y,
                        ((n * y.shape[1] + i) * made + j) * maps + m,
                        maps,
                        bias,
                        m,
                        0,
                        images,
                        row + j * stride[1] * channels,
                        stride[1] * channels,
                        taps,
                        first * size * channels * maps + m,
                        loops,
                    )


@compiled
def direct_weight_gradient(
    x: Array, gy: Array, gw: Array, taps: Array, room: Array | None, stride: Pair, dilation: Pair, before: Pair
) -> None:
    """gw[m, c, k] = Σ gy[n, m, i] · x[n, c, stride·i + dilation·k − before]; scratch memory as in `direct`."""
    maps, height, size, channels = gw.shape
    made = gy.shape[2]
    taps[:] = 0
    pieces, numbers = (1, size * channels) if dilation[1] == 1 else (size, channels)
    count = -(-numbers // -(-numbers // ROWS))
    for n in range(len(x)):
        images, at, width = place(x, n, room, before[1])
        for up in range(height):
            first, last = inside(up * dilation[0] - before[0], stride[0], gy.shape[1], x.shape[1])
            row = at + (first * stride[0] + up * dilation[0] - before[0]) * width * channels
            given = (n * gy.shape[1] + first) * made * maps
            loops = (
                (1, 0, 0),
                (last - first, stride[0] * width * channels, made * maps),
                (made, stride[1] * channels, maps),
            )
            for piece in range(pieces):
                for c in range(0, numbers, count):
                    for m in range(0, maps, lanes(gy)):
                        out = ((up * size + piece) * channels + c) * maps + m
                        tile(
                            min(count, numbers - c),
                            min(maps - m, lanes(gy)),
                            taps,
                            out,
                            maps,
                            taps,
                            out,
                            maps,
                            images,
                            row + piece * dilation[1] * channels + c,
                            1,
                            gy,
                            given + m,
                            loops,
                        )
    for m in range(maps):
        for up in range(height):
            for tap in range(size):
                for c in range(channels):
                    gw[m, up, tap, c] = taps[up, tap, c, m]


@compiled
def direct_deconv(
    x: Array, weight: Array, bias: Array | None, y: Array, line: Array, stride: Pair, dilation: Pair, before: Pair
) -> None:
    """y[n, m, stride·i + dilation·k − before] gathers weight[c, m, k] · x[n, c, i]; then the bias is added.

    Scratch memory: `line` [width of x, kernel width, maps], what a row of x adds to one of y.
    """
    channels, height, size, maps = weight.shape
    given, numbers = x.shape[2], size * maps
    count = -(-given // -(-given // ROWS))
    # The taps that reach a row of y are so far from each other, and so are the rows of x that they read.
    taps, rows = meeting(stride[0], dilation[0])
    for n in range(len(y)):
        for i in range(y.shape[1]):
            out = y[n, i]
            for j in range(y.shape[2]):
                for m in range(maps):
                    out[j, m] = 0 if bias is None else bias[m]
            first, last, row = reading(i + before[0], stride[0], dilation[0], taps, rows, height, x.shape[1])
            if last <= first:
                continue
            loops = (
                (1, 0, 0),
                (-(-(last - first) // taps), -rows * given * channels, taps * numbers),
                (channels, 1, height * numbers),
            )
            for part in range(0, given, count):
                j = min(part, given - count)
                for m in range(0, numbers, lanes(y)):
                    tile(
                        count,
                        min(numbers - m, lanes(y)),
                        line,
                        j * numbers + m,
                        numbers,
                        None,
                        0,
                        0,
                        x,
                        ((n * x.shape[1] + row) * given + j) * channels,
                        channels,
                        weight,
                        first * numbers + m,
                        loops,
                    )
            add_line(line, out, stride[1], dilation[1], before[1])


@compiled
def add_line(line: Array, out: Array, stride: int, dilation: int, before: int) -> None:
    """out[stride·j + dilation·k − before] gathers line[j, k]."""
    given, size, maps = line.shape
    for j in range(given):
        left = j * stride - before
        if dilation == 1:
            first, last = max(0, -left), min(size, len(out) - left)
            for m in range(first * maps, last * maps, lanes(out)):
                add_vector(min(last * maps - m, lanes(out)), out, left * maps + m, line, j * size * maps + m, 1)
        else:
            for tap in range(*inside(left, dilation, size, len(out))):
                for m in range(0, maps, lanes(out)):
                    place = (left + tap * dilation) * maps + m
                    add_vector(min(maps - m, lanes(out)), out, place, line, (j * size + tap) * maps + m, 1)


@inlined
def place(x: Array, n: int, room: Array | None, before: int) -> Any:
    """The numbers among which image n is, in the room if there is one, where it begins, and the width of its rows."""
    if room is None:
        return x.reshape(-1), n * x.shape[1] * x.shape[2] * x.shape[3], x.shape[2]
    fill(x[n], room, before)
    return room.reshape(-1), 0, room.shape[1]


@compiled
def fill(x: Array, room: Array, before: int) -> None:
    """An image with columns of zeros at its sides."""
    height, width, channels = x.shape
    stop = min(before + width, room.shape[1])
    for row in range(height):
        out, given = room[row], x[row]
        out[:before] = 0
        out[stop:] = 0
        for column in range(before, stop):
            for c in range(channels):
                out[column, c] = given[column - before, c]


@compiled
def inside(start: int, step: int, count: int, size: int) -> Any:
    """The first and behind the last of the i below `count` with 0 ≤ start + step · i < size."""
    first = min(max(0, -(start // step)), count)
    return first, max(first, min(count, (size - 1 - start) // step + 1))


@compiled
def meeting(stride: int, dilation: int) -> Any:
    """The smallest taps and rows with stride · rows = dilation · taps."""
    a, b = stride, dilation
    while b:
        a, b = b, a % b
    return stride // a, dilation // a


@compiled
def reading(at: int, stride: int, dilation: int, taps: int, rows: int, height: int, given: int) -> Any:
    """The first tap, behind the last, and the row of x with stride · row + dilation · tap = at; then each `taps`-th."""
    first = 0
    while first < min(taps, height) and (at - first * dilation) % stride:
        first += 1
    if first == min(taps, height):
        return 0, 0, 0
    row = (at - first * dilation) // stride
    if row >= given:
        more = -(-(row - given + 1) // rows)
        first, row = first + more * taps, row - more * rows
    last = min(height, first + (row // rows + 1) * taps) if row >= 0 else first
    return first, last, row
