"""Pools against their definitions written out as loops, on few whole numbers so that windows have equal maxima."""

from __future__ import annotations

from itertools import product
from typing import Any, TypedDict

import numpy as np
import pytest

from netc.runtime.kernels import pooling, regions
from netc.runtime.kernels.fast import pooling as compiled

from .images import Array, empty_image, garbage, random_image

Pair = tuple[int, int]


class Slide(TypedDict):
    kernel: Pair
    stride: Pair
    dilation: Pair
    before: Pair


# Extents, output extents, kernel, stride, dilation, padding before; the last two have a window that hangs over the end.
CASES = [
    ((4, 6), (2, 3), (2, 2), (2, 2), (1, 1), (0, 0)),
    ((5, 5), (5, 5), (3, 3), (1, 1), (1, 1), (1, 1)),
    ((7, 6), (4, 3), (3, 3), (2, 2), (1, 1), (1, 1)),
    ((6, 5), (4, 2), (2, 3), (1, 2), (2, 1), (0, 0)),
    ((5, 4), (3, 2), (2, 3), (2, 3), (1, 1), (0, 1)),
    ((6, 5), (3, 2), (3, 3), (3, 3), (1, 1), (1, 0)),
]
IMAGES = 3


def inside(case: int, place: Pair) -> list[tuple[int, Pair]]:
    """The taps of one output that lie in the image, row by row, with their number and position."""
    extents, _, kernel, stride, dilation, before = CASES[case]
    found = []
    for number, tap in enumerate(np.ndindex(*kernel)):
        row, column = (place[a] * stride[a] + tap[a] * dilation[a] - before[a] for a in (0, 1))
        if 0 <= row < extents[0] and 0 <= column < extents[1]:
            found.append((number, (row, column)))
    return found


@pytest.mark.parametrize("kernels", [pooling, compiled], ids=["numpy", "fast"])
@pytest.mark.parametrize("block", [1, 2, 5])
@pytest.mark.parametrize("case", range(len(CASES)))
def test_max_pool(case: int, block: int, kernels: Any) -> None:
    extents, sizes, kernel, stride, dilation, before = CASES[case]
    x, gy = random_image(1, IMAGES, 2, *extents, whole=True), random_image(2, IMAGES, 2, *sizes)
    y, gx = empty_image(*gy.shape), empty_image(*x.shape)
    slide: Slide = {"kernel": kernel, "stride": stride, "dilation": dilation, "before": before}
    kernels.max_pool(x, y, block=block, **slide)
    part = garbage(block, *sizes, 2)
    flags = [np.ones(part.shape, bool) for _ in range(2)]
    kernels.max_pool_gradient(x, y, gy, gx, part, *flags, **slide)
    expected = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(*y.shape):
        positions = [position for _, position in inside(case, (i, j))]
        values = [x[n, c, *position] for position in positions]
        assert y[n, c, i, j] == max(values)
        expected[n, c, *positions[int(np.argmax(values))]] += gy[n, c, i, j]
    np.testing.assert_allclose(gx, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("kernels", [pooling, compiled], ids=["numpy", "fast"])
@pytest.mark.parametrize("counted", [((0, 0), (0, 0)), ((1, 1), (1, 0))])
@pytest.mark.parametrize("case", range(len(CASES)))
def test_avg_pool_divides_by_the_taps_that_count(case: int, counted: tuple[Pair, Pair], kernels: Any) -> None:
    extents, sizes, kernel, stride, dilation, before = CASES[case]
    x, gy = random_image(1, IMAGES, 2, *extents), random_image(2, IMAGES, 2, *sizes)
    y, gx = empty_image(*gy.shape), empty_image(*x.shape)
    slide: Slide = {"kernel": kernel, "stride": stride, "dilation": dilation, "before": before}
    lines = garbage(2, sizes[0], extents[1], 2)
    for run in (
        kernels.avg_pool(x, y, lines, **slide, counted=counted),
        kernels.avg_pool_gradient(gy, gx, garbage(2, *sizes, 2), lines, **slide, counted=counted),
    ):
        # The compiled form has run already.
        if kernels is pooling:
            run()
    expected_y, expected_gx = np.zeros(y.shape), np.zeros(x.shape)
    for n, c, i, j in np.ndindex(*y.shape):
        count = 0
        for tap in np.ndindex(*kernel):
            places = [(i, j)[a] * stride[a] + tap[a] * dilation[a] - before[a] for a in (0, 1)]
            count += all(-counted[a][0] <= places[a] < extents[a] + counted[a][1] for a in (0, 1))
        for _, position in inside(case, (i, j)):
            expected_y[n, c, i, j] += x[n, c, *position] / count
            expected_gx[n, c, *position] += gy[n, c, i, j] / count
    np.testing.assert_allclose(y, expected_y, rtol=0, atol=1e-14)
    np.testing.assert_allclose(gx, expected_gx, rtol=0, atol=1e-14)


@pytest.mark.parametrize("block", [1, 2, 5])
def test_global_max_pool_gives_the_gradient_to_the_first_maximum(block: int) -> None:
    x, gy = random_image(1, IMAGES, 2, 3, 4, whole=True), random_image(2, IMAGES, 2, 1, 1)
    y, gx = x.max(axis=(2, 3), keepdims=True), empty_image(*x.shape)
    flags = [np.ones((block, 3, 4, 2), bool) for _ in range(2)]
    pooling.global_max_pool_gradient(x, y, gy, gx, *flags)
    for n, c in np.ndindex(IMAGES, 2):
        expected = np.zeros(12)
        expected[np.argmax(x[n, c].reshape(-1))] = gy[n, c, 0, 0]
        np.testing.assert_array_equal(gx[n, c].reshape(-1), expected)


@pytest.mark.parametrize("block", [1, 2, 5])
@pytest.mark.parametrize(
    ("rows", "columns"), [((0, 2, 3, 5), (0, 1, 4)), ((0, 5), (0, 4)), ((0, 1, 2, 3, 4, 5), (0, 2, 4))]
)
def test_regions(rows: tuple[int, ...], columns: tuple[int, ...], block: int) -> None:
    x = random_image(1, IMAGES, 2, 5, 4, whole=True)
    gy = random_image(2, IMAGES, 2, len(rows) - 1, len(columns) - 1)
    y, gx = empty_image(*gy.shape), empty_image(*x.shape)
    narrow = (block, 5, len(columns) - 1, 2)
    regions.region_max(x, y, garbage(*narrow), rows=rows, columns=columns)
    flags = [np.ones(narrow, bool) for _ in range(2)]
    regions.region_max_gradient(x, y, gy, gx, garbage(*narrow), garbage(*narrow), *flags, rows=rows, columns=columns)
    expected: Array = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(*y.shape):
        region = x[n, c, rows[i] : rows[i + 1], columns[j] : columns[j + 1]]
        assert y[n, c, i, j] == region.max()
        row, column = divmod(int(np.argmax(region)), region.shape[1])
        expected[n, c, rows[i] + row, columns[j] + column] = gy[n, c, i, j]
    np.testing.assert_array_equal(gx, expected)


def test_every_position_is_in_one_block() -> None:
    slides = product((1, 2, 3), (1, 2), (1, 3), (0, 1))
    for kernel, stride, dilation, before in slides:
        size, reach = 8, dilation * (kernel - 1) + 1
        count = (size + 2 * before - reach) // stride + 1
        pairs = [(v, v) for v in (kernel, stride, dilation, before)]
        taps = pooling.pool_taps((1, size, size, 1), (1, count, count, 1), *pairs)
        seen = sorted(
            (row, out)
            for (_, r, _), (_, p, _) in taps
            for row, out in zip(range(size)[r], range(count)[p], strict=True)
        )
        rows = [(i * stride + k * dilation - before, i) for i in range(count) for k in range(kernel)]
        rows = [(row, out) for row, out in rows if 0 <= row < size]
        assert sorted(set(seen)) == sorted(rows)
