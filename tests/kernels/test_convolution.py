"""Convolutions and their gradients against sums written out as loops, in blocks of every size."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, TypedDict

import numpy as np
import pytest

from netc.runtime.kernels import bands, convolution, winograd
from netc.runtime.kernels.fast import convolution as compiled
from netc.runtime.kernels.fast import direct

from .images import Array, empty_image, garbage, random_image


class Slide(TypedDict):
    stride: tuple[int, int]
    dilation: tuple[int, int]
    before: tuple[int, int]


@dataclass(frozen=True)
class Case:
    """A convolution: sizes of x [N, channels, height, width], the maps, groups and windows."""

    x: tuple[int, int, int, int]
    maps: int
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1

    @property
    def slide(self) -> Slide:
        return {"stride": self.stride, "dilation": self.dilation, "before": (self.pads[0], self.pads[2])}

    @property
    def weight(self) -> tuple[int, int, int, int]:
        return self.maps, self.x[1] // self.groups, *self.kernel

    @property
    def y(self) -> tuple[int, int, int, int]:
        height, width = (
            (self.x[2 + a] + sum(self.pads[2 * a : 2 * a + 2]) - self.reach(a)) // self.stride[a] + 1 for a in (0, 1)
        )
        return self.x[0], self.maps, height, width

    def reach(self, axis: int) -> int:
        return self.dilation[axis] * (self.kernel[axis] - 1) + 1

    def padded(self, images: int) -> Array | None:
        spans = [(self.y[2 + a] - 1) * self.stride[a] + self.reach(a) for a in (0, 1)]
        return garbage(images, *spans, self.x[1]) if any(self.pads) else None

    def pairs(self) -> list[tuple[tuple[int, int, int, int], tuple[int, int, int, int], tuple[int, int, int, int]]]:
        """The elements (of y, of the weight, of x) whose products are added: the definition, loop by loop."""
        found = []
        per_map, per_group = self.maps // self.groups, self.x[1] // self.groups
        for n, m, i, j in np.ndindex(*self.y):
            for c, k, q in np.ndindex(per_group, *self.kernel):
                row = i * self.stride[0] + k * self.dilation[0] - self.pads[0]
                column = j * self.stride[1] + q * self.dilation[1] - self.pads[2]
                if 0 <= row < self.x[2] and 0 <= column < self.x[3]:
                    channel = m // per_map * per_group + c
                    found.append(((n, m, i, j), (m, c, k, q), (n, channel, row, column)))
        return found


GENERAL = [
    Case((3, 2, 5, 6), 4, (3, 2)),
    Case((3, 1, 6, 5), 2, (3, 3), pads=(1, 1, 1, 1)),
    Case((3, 1, 5, 5), 2, (2, 3), stride=(2, 1), dilation=(1, 2), pads=(0, 1, 2, 0)),
    Case((3, 3, 7, 6), 2, (3, 3), stride=(2, 2), pads=(1, 1, 1, 1)),
    Case((3, 4, 6, 5), 6, (2, 2), stride=(1, 3), dilation=(2, 1), pads=(2, 0, 0, 1), groups=2),
    Case((3, 2, 4, 4), 4, (1, 1), stride=(2, 2)),
    Case((3, 3, 5, 4), 6, (3, 2), pads=(1, 1, 0, 1), groups=3),
]
DEPTHWISE = [
    Case((3, 3, 5, 4), 3, (3, 3), pads=(1, 1, 1, 1), groups=3),
    Case((3, 4, 6, 5), 4, (2, 3), stride=(2, 1), dilation=(1, 2), pads=(0, 1, 2, 1), groups=4),
    Case((3, 2, 5, 5), 2, (2, 2), stride=(2, 2), groups=2),
]
# Images and rows of a block: rows are fewer than all in blocks of one image alone, and more when images are smaller
# than planned.
BLOCKS = [(1, 1), (1, 2), (1, None), (2, None), (4, None), (2, 9)]
runs = [pytest.param(case, block, id=f"{n}-{block}") for (n, case), block in product(enumerate(GENERAL), BLOCKS)]
deep = [pytest.param(case, block, id=f"{n}-{block}") for (n, case), block in product(enumerate(DEPTHWISE), BLOCKS)]
Block = tuple[int, int | None]


def expected_y(case: Case, x: Array, weight: Array, bias: Array) -> Array:
    y = np.zeros(case.y) + bias[:, None, None]
    for to, by, of in case.pairs():
        y[to] += weight[by] * x[of]
    return y


def expected_gradients(case: Case, x: Array, weight: Array, gy: Array) -> tuple[Array, Array]:
    gx, gw = np.zeros(case.x), np.zeros(case.weight)
    for to, by, of in case.pairs():
        gx[of] += weight[by] * gy[to]
        gw[by] += gy[to] * x[of]
    return gx, gw


def operands(case: Case) -> tuple[Array, Array, Array, Array]:
    bias = np.random.default_rng(4).standard_normal(case.maps)
    return random_image(1, *case.x), random_image(2, *case.weight), bias, random_image(3, *case.y)


@pytest.mark.parametrize("kernels", [convolution, compiled], ids=["numpy", "fast"])
@pytest.mark.parametrize(("case", "block"), runs)
def test_convolution_and_weight_gradient(case: Case, block: Block, kernels: Any) -> None:
    x, weight, bias, gy = operands(case)
    y, gw = empty_image(*case.y), empty_image(*case.weight)
    images, rows = block[0], block[1] or case.y[2]
    padded = case.padded(images)
    columns = garbage(images, rows, case.y[3], case.x[1] * case.kernel[0] * case.kernel[1])
    repeated = np.tile(bias, (case.y[3], 1))
    kernels.conv(x, weight, repeated, y, padded, columns, **case.slide, groups=case.groups)
    np.testing.assert_allclose(y, expected_y(case, x, weight, bias), rtol=0, atol=1e-13)
    part = garbage(*gw.transpose(0, 2, 3, 1).shape)
    kernels.conv_weight_gradient(x, gy, gw, part, padded, columns, **case.slide, groups=case.groups)
    np.testing.assert_allclose(gw, expected_gradients(case, x, weight, gy)[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("kernels", [convolution, compiled], ids=["numpy", "fast"])
@pytest.mark.parametrize(("case", "block"), runs)
def test_transposed_convolution_is_the_gradient_by_x(case: Case, block: Block, kernels: Any) -> None:
    x, weight, _, gy = operands(case)
    gx, spread = empty_image(*case.x), case.x[2:]
    images, rows = block[0], block[1] or case.y[2]
    products = garbage(*case.kernel, images, rows, case.y[3], case.x[1])
    sizes = [max((case.y[2 + a] - 1) * case.stride[a] + case.reach(a), case.pads[2 * a] + spread[a]) for a in (0, 1)]
    whole = garbage(images, *sizes, case.x[1])
    bias = np.arange(case.x[1], dtype=np.float64)
    repeated = np.tile(bias, (case.x[3], 1))
    kernels.deconv(gy, weight, repeated, gx, whole, products, **case.slide, groups=case.groups)
    expected = expected_gradients(case, x, weight, gy)[0] + bias[:, None, None]
    np.testing.assert_allclose(gx, expected, rtol=0, atol=1e-13)


# Images of a block, and tiles of a row: some read padding alone.
TILES = [
    *((case, tiles) for case in GENERAL if case.groups == 1 for tiles in range(1, case.y[3] + 1)),
    (Case((2, 2, 3, 3), 3, (1, 2), pads=(0, 1, 4, 3)), 3),
    (Case((2, 1, 1, 2), 2, (4, 1), stride=(3, 2), pads=(7, 5, 0, 9)), 2),
]


@pytest.mark.parametrize("images", [1, 2, 4])
@pytest.mark.parametrize(("case", "tiles"), [pair for pair in TILES if pair[0].y[3] % pair[1] == 0])
def test_convolution_and_its_gradients_by_tiles_of_rows(case: Case, tiles: int, images: int) -> None:
    x, weight, maps_bias, gy = operands(case)
    y, gw, gx = empty_image(*case.y), empty_image(*case.weight), empty_image(*case.x)
    width = case.y[3] // tiles
    columns = case.x[3] if tiles == 1 else (width - 1) * case.stride[1] + case.reach(1)
    band = garbage(case.kernel[0], columns, case.x[1], width, case.maps)
    rows = garbage(images, case.y[2], tiles, case.kernel[0], columns * case.x[1])
    spans = [(case.y[2 + a] - 1) * case.stride[a] + case.reach(a) for a in (0, 1)]
    padded = garbage(images, spans[0], spans[1] if tiles > 1 else case.x[3], case.x[1])
    bands.band_conv(x, weight, np.tile(maps_bias, (case.y[3], 1)), y, band, padded, rows, **case.slide)()
    np.testing.assert_allclose(y, expected_y(case, x, weight, maps_bias), rtol=0, atol=1e-13)
    expected_gx, expected_gw = expected_gradients(case, x, weight, gy)
    bands.band_weight_gradient(x, gy, gw, band, garbage(*band.shape), padded, rows, **case.slide)()
    np.testing.assert_allclose(gw, expected_gw, rtol=0, atol=1e-12)
    bias = np.arange(case.x[1], dtype=np.float64)
    repeated = np.tile(bias, (case.x[3], 1))
    bands.band_deconv(gy, weight, repeated, gx, band, rows, **case.slide)()
    np.testing.assert_allclose(gx, expected_gx + bias[:, None, None], rtol=0, atol=1e-13)


@pytest.mark.parametrize(("case", "block"), [run for run in runs if run.values[0].stride == (1, 1)])  # type: ignore[union-attr]
def test_at_stride_1_it_is_a_convolution_with_the_flipped_weight(case: Case, block: Block) -> None:
    x, weight, _, gy = operands(case)
    gx, flipped = empty_image(*case.x), empty_image(case.x[1], case.maps // case.groups, *case.kernel)
    convolution.flip(weight, flipped, groups=case.groups)
    spans = [case.x[2 + a] + case.reach(a) - 1 for a in (0, 1)]
    images, rows = block[0], block[1] or case.x[2]
    columns = garbage(images, rows, case.x[3], case.maps * case.kernel[0] * case.kernel[1])
    before = (case.reach(0) - 1 - case.pads[0], case.reach(1) - 1 - case.pads[2])
    slide: Slide = {"stride": (1, 1), "dilation": case.dilation, "before": before}
    padded = garbage(images, *spans, case.maps)
    convolution.conv(gy, flipped, None, gx, padded, columns, **slide, groups=case.groups)
    np.testing.assert_allclose(gx, expected_gradients(case, x, weight, gy)[0], rtol=0, atol=1e-13)


# Even and odd sizes, padding that holds whole tiles, and images that lose their border; more maps than channels and
# fewer; a product of tiles a few at a time.
SQUARED = [
    Case((3, 3, 6, 4), 5, (3, 3), pads=(1, 1, 1, 1)),
    Case((3, 4, 5, 7), 2, (3, 3), pads=(0, 1, 2, 0)),
    Case((2, 2, 1, 1), 3, (3, 3), pads=(1, 1, 1, 1)),
    Case((2, 1, 2, 3), 1, (3, 3), pads=(6, 5, 4, 7)),
    Case((3, 2, 9, 8), 3, (3, 3), pads=(-2, -1, -1, -3)),
    Case((4, 8, 16, 8), 9, (3, 3), pads=(1, 1, 1, 1)),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("block", [(1, 1), (1, 2), (1, None), (2, None), (4, None), (5, 9)])
@pytest.mark.parametrize("case", SQUARED)
def test_tiles_of_four_positions(case: Case, block: Block, dtype: type[np.floating[Any]]) -> None:
    given = operands(case)
    x, weight, bias, gy = (array.astype(dtype) for array in given)
    y, gw, gx = (empty_image(*shape).astype(dtype) for shape in (case.y, case.weight, case.x))
    wanted_gx, wanted_gw = expected_gradients(case, given[0], given[1], given[3])
    close = 1e-12 if dtype == np.float64 else 1e-5

    def scratch(of: tuple[int, ...], to: tuple[int, ...], weights: tuple[int, int]) -> list[Array]:
        rows, width = (-(-size // 2) for size in to[2:])
        tiles = block[0], block[1] or rows, width
        padded = 2, tiles[0], tiles[1] + 1, 2, width + 1, of[1]
        work = tiles[0] * tiles[1] * max(8 * (width + 1) * of[1], 16 * width * to[1])
        shapes = (16, *weights), padded, (16, *tiles, of[1]), (work,), (4, *tiles, to[1])
        return [garbage(*shape).astype(dtype) for shape in shapes]

    before = case.slide["before"]
    last = np.ascontiguousarray(weight.transpose(2, 3, 1, 0)).transpose(3, 2, 0, 1)
    for kernel in (weight, last):
        room = scratch(case.x, case.y, (case.maps, case.x[1]))
        repeated = np.tile(bias, (case.y[3], 1))
        winograd.winograd_conv(x, kernel, repeated, y, *room, before=before, flipped=False)()
        wanted = expected_y(case, *given[:3])
        np.testing.assert_allclose(y, wanted, rtol=0, atol=close * np.abs(wanted).max())
        y.fill(np.nan)
    kernels, *room = scratch(case.x, case.y, (case.maps, case.x[1]))
    parts = [kernels, garbage(4, *kernels.shape[1:]).astype(dtype)]
    winograd.winograd_weight_gradient(x, gy, gw, *parts, *room, before=before)()
    np.testing.assert_allclose(gw, wanted_gw, rtol=0, atol=close * np.abs(wanted_gw).max())
    room = scratch(case.y, case.x, (case.maps, case.x[1]))
    before = (2 - before[0], 2 - before[1])
    winograd.winograd_conv(gy, weight, None, gx, *room, before=before, flipped=True)()
    np.testing.assert_allclose(gx, wanted_gx, rtol=0, atol=close * np.abs(wanted_gx).max())


# More positions than a tile has rows and more maps than a vector has numbers; taps that meet rows of padding alone;
# columns and rows that no window reads.
TILED = [
    Case((2, 3, 4, 37), 11, (3, 3), pads=(1, 1, 1, 1)),
    Case((2, 18, 3, 16), 17, (2, 5), pads=(2, 0, 4, 3)),
    Case((1, 2, 7, 9), 3, (3, 4), stride=(3, 2), dilation=(2, 3), pads=(4, 1, 5, 6)),
    Case((2, 1, 9, 4), 9, (2, 2), stride=(2, 3), dilation=(4, 2), pads=(0, 0, 1, 0)),
    Case((2, 2, 3, 5), 3, (2, 2), stride=(4, 4), pads=(6, 2, 0, 3)),
]


@pytest.mark.parametrize("case", [case for case in GENERAL if case.groups == 1] + TILED)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_convolution_and_its_gradients_in_tiles(case: Case, dtype: type[np.floating[Any]]) -> None:
    given = operands(case)
    x, weight, bias, gy = (array.astype(dtype) for array in given)
    y, gw, gx = (empty_image(*shape).astype(dtype) for shape in (case.y, case.weight, case.x))
    images, weights, made, slopes, found, restored = (
        np.ascontiguousarray(array.transpose(0, 2, 3, 1)) for array in (x, weight, y, gy, gw, gx)
    )
    taps = garbage(*case.kernel, case.x[1], case.maps).astype(dtype)
    padded = case.padded(1)
    room = None if padded is None else garbage(case.x[2], *padded.shape[2:]).astype(dtype)
    line = garbage(case.y[3], case.kernel[1], case.x[1]).astype(dtype)
    slide = case.stride, case.dilation, case.slide["before"]
    close = 1e-12 if dtype == np.float64 else 1e-4
    direct.direct(images, weights, bias, made, taps, room, *slide)
    wanted = expected_y(case, *given[:3])
    np.testing.assert_allclose(made.transpose(0, 3, 1, 2), wanted, rtol=0, atol=close)
    expected_gx, expected_gw = expected_gradients(case, given[0], given[1], given[3])
    direct.direct_weight_gradient(images, slopes, found, taps, room, *slide)
    np.testing.assert_allclose(found.transpose(0, 3, 1, 2), expected_gw, rtol=0, atol=close)
    shift = np.arange(case.x[1]).astype(dtype)
    direct.direct_deconv(slopes, weights, shift, restored, line, *slide)
    wanted = expected_gx + np.arange(case.x[1])[:, None, None]
    np.testing.assert_allclose(restored.transpose(0, 3, 1, 2), wanted, rtol=0, atol=close)


@pytest.mark.parametrize(("case", "block"), deep)
def test_a_kernel_for_each_channel(case: Case, block: Block) -> None:
    x, weight, bias, gy = operands(case)
    y, gw, gx = empty_image(*case.y), empty_image(*case.weight), empty_image(*case.x)
    images, rows = block[0], block[1] or case.y[2]
    padded, part = case.padded(images), garbage(images, rows, case.y[3], case.maps)
    tiles, sums = (garbage(*case.kernel, case.y[3], case.maps) for _ in range(2))
    repeated = np.tile(bias, (case.y[3], 1))
    convolution.depthwise_conv(x, weight, repeated, y, padded, tiles, **case.slide)
    np.testing.assert_allclose(y, expected_y(case, x, weight, bias), rtol=0, atol=1e-13)
    expected_gx, expected_gw = expected_gradients(case, x, weight, gy)
    convolution.depthwise_weight_gradient(x, gy, gw, padded, tiles, sums, **case.slide)
    np.testing.assert_allclose(gw, expected_gw, rtol=0, atol=1e-12)
    sizes = [
        max((case.y[2 + a] - 1) * case.stride[a] + case.reach(a), case.pads[2 * a] + case.x[2 + a]) for a in (0, 1)
    ]
    spread = garbage(images, *sizes, case.maps)
    convolution.depthwise_deconv(gy, weight, None, gx, spread, tiles, part, **case.slide)
    np.testing.assert_allclose(gx, expected_gx, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("taps", "maps"), [(9, 5), (40, 32), (288, 32), (300, 40), (90, 70), (40, 600)])
@pytest.mark.parametrize("positions", [1, 100, 4000, 4001])
def test_products_with_a_small_matrix_a_few_rows_at_a_time(taps: int, maps: int, positions: int) -> None:
    rng = np.random.default_rng(0)
    rows, matrix = rng.normal(size=(1, positions, taps)), rng.normal(size=(1, taps, maps))
    out = garbage(1, positions, maps)
    convolution.multiply(rows, matrix, out)
    np.testing.assert_allclose(out, rows @ matrix, rtol=0, atol=1e-12)


@pytest.mark.parametrize("groups", [1, 2])
def test_one_tap_or_the_whole_image_needs_no_scratch_memory(groups: int) -> None:
    for case in (Case((3, 4, 5, 3), 6, (1, 1), groups=groups), Case((3, 2, 3, 4), 5, (3, 4))):
        x, weight, bias, gy = operands(case)
        y, gw = empty_image(*case.y), empty_image(*case.weight)
        repeated = np.tile(bias, (case.y[3], 1))
        convolution.conv(x, weight, repeated, y, None, None, **case.slide, groups=case.groups)
        np.testing.assert_allclose(y, expected_y(case, x, weight, bias), rtol=0, atol=1e-13)
        part = garbage(*gw.transpose(0, 2, 3, 1).shape)
        convolution.conv_weight_gradient(x, gy, gw, part, None, None, **case.slide, groups=case.groups)
        np.testing.assert_allclose(gw, expected_gradients(case, x, weight, gy)[1], rtol=0, atol=1e-12)


def test_paste_cuts_off_what_lies_outside() -> None:
    source = np.arange(1.0, 13).reshape(1, 3, 4, 1)
    for top, left in product(range(-5, 6), repeat=2):
        target = np.zeros((1, 4, 3, 1))
        convolution.paste(target, source, top, left)
        for i, j in np.ndindex(4, 3):
            inside = 0 <= i - top < 3 and 0 <= j - left < 4
            assert target[0, i, j, 0] == (source[0, i - top, j - left, 0] if inside else 0)
