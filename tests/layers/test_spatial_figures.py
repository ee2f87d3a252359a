"""Shapes, parameters, MACs, FLOPs and their formulas of the layers for images, against numbers worked out by hand."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise, product
from math import ceil, floor
from typing import Any

import pytest

from netc.compiler.graph.arguments import Word
from netc.compiler.graph.dims import bind, symbol
from netc.compiler.graph.initial import Initial
from netc.compiler.ops.channel_shuffle import ChannelShuffle
from netc.compiler.ops.fractional_pool import FractionalMaxPool, cut, offsets
from netc.compiler.ops.pool import AvgPool, MaxPool
from netc.compiler.ops.upsample import Upsample

N, T, H, W = symbol("N"), symbol("T"), symbol("H"), symbol("W")

# The maps of S2 that each map of C3 reads: LeCun et al. 1998, table I.
TABLE_I = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
)  # fmt: skip

# layer, input, arguments -> output, parameters, MACs, FLOPs
FIGURES: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[Any, ...], int, Any, Any]] = [
    # LeNet-5 C1: 6·5·5 + 6 = 156; 150 weights at 28·28 positions = 117,600; FLOPs 2·117,600 + 4,704 biases.
    ("conv", (1, 1, 32, 32), {"maps": 6, "kernel": 5}, (1, 6, 28, 28), 156, 117_600, 239_904),
    # 3·64·7·7 = 9,408 weights at 112·112 positions for each of 2 images: 236,027,904.
    ("conv", (2, 3, 224, 224), {"maps": 64, "kernel": 7, "stride": 2, "pad": 3, "bias": False},
     (2, 64, 112, 112), 9_408, 236_027_904, 472_055_808),
    # AlexNet's second layer in two groups: 256·48·25 + 256 = 307,456; 307,200·27·27 = 223,948,800.
    ("conv", (1, 96, 27, 27), {"maps": 256, "kernel": 5, "pad": 2, "groups": 2},
     (1, 256, 27, 27), 307_456, 223_948_800, 448_084_224),
    # LeNet-5 (1998) C3: 60 connections of 25 weights and 16 biases = 1,516; 1,500·100 MACs. The paper counts 151,600
    # connections: 150,000 and 1,600 biases.
    ("conv", (1, 6, 14, 14), {"maps": 16, "kernel": 5, "connect": TABLE_I}, (1, 16, 10, 10), 1_516, 150_000, 301_600),
    # In one dimension: 4·8·3 + 8; 96 weights at 10 positions.
    ("conv", (1, 4, 12), {"maps": 8, "kernel": 3}, (1, 8, 10), 104, 960, 2_000),
    # Per step of a sequence: 2·3 images with 4·3·3 + 4 weights at 6·6 positions.
    ("conv", (2, 3, 1, 8, 8), {"maps": 4, "kernel": 3}, (2, 3, 4, 6, 6), 40, 36 * 36 * 6, (2 * 36 + 4) * 36 * 6),
    # 3·1·5 kernels of 3x5 over an output of (8 − 3 + 1) × (9 − 5 + 1).
    ("conv", (1, 1, 8, 9), {"maps": 2, "kernel": (3, 5), "bias": False}, (1, 2, 6, 5), 30, 900, 1_800),
    # U-Net's way up: 64·32·2·2 + 32; 8,192 weights at 28·28 input positions; 2 FLOPs each and 32·56·56 biases.
    ("deconv", (1, 64, 28, 28), {"maps": 32, "kernel": 2, "stride": 2},
     (1, 32, 56, 56), 8_224, 6_422_528, 12_945_408),
    # Groups: 8 channels to 4 maps in 2 groups are 8·2·3 weights, at 5 positions.
    ("deconv", (1, 8, 5), {"maps": 4, "kernel": 3, "groups": 2, "bias": False}, (1, 4, 7), 48, 240, 480),
    # (8 − 1)·2 − 2 + 3 + 1 = 16.
    ("deconv", (1, 1, 8, 8), {"maps": 1, "kernel": 3, "stride": 2, "pad": 1, "output_pad": 1, "bias": False},
     (1, 1, 16, 16), 9, 576, 1_152),
    ("deconv", (1, 1, 8, 8), {"maps": 1, "kernel": 3, "stride": 2, "pad": 1, "size": 16, "bias": False},
     (1, 1, 16, 16), 9, 576, 1_152),
    ("deconv", (1, 1, 8, 9), {"maps": 1, "kernel": 3, "stride": (2, 1), "pad": 1, "size": (16, 9), "bias": False},
     (1, 1, 16, 9), 9, 648, 1_296),
    # A kernel smaller than the stride: same_* fills up with one position.
    ("deconv", (1, 1, 5), {"maps": 1, "kernel": 1, "stride": 2, "pad": Word("same_upper"), "bias": False},
     (1, 1, 10), 1, 5, 10),
    # Each of 5·8·8 windows of 4: three comparisons; or three additions and a division.
    ("maxpool", (1, 5, 16, 16), {"kernel": 2}, (1, 5, 8, 8), 0, 0, 960),
    ("avgpool", (1, 5, 16, 16), {"kernel": 2}, (1, 5, 8, 8), 0, 0, 1_280),
    ("maxpool", (1, 2, 9), {"kernel": 3, "stride": 2, "pad": 1}, (1, 2, 5), 0, 0, 20),
    ("global_avgpool", (2, 5, 7, 7), {}, (2, 5, 1, 1), 0, 0, 490),
    ("global_maxpool", (2, 5, 7, 7), {}, (2, 5, 1, 1), 0, 0, 480),
    ("global_avgpool", (2, 5, 7), {}, (2, 5, 1), 0, 0, 70),
    # ⌊25 / 1.4⌋ = 17; 625 inputs, 289 regions.
    ("fractional_maxpool", (1, 3, 25, 25), {"factor": 1.4}, (1, 3, 17, 17), 0, 0, 3 * (625 - 289)),
    # 11 / 1.1 is 10, though 11 / 1.1000000000000000888 is not.
    ("fractional_maxpool", (1, 1, 11), {"factor": 1.1}, (1, 1, 10), 0, 0, 1),
    ("fractional_maxpool", (1, 1, 11, 9), {"size": (7, 5)}, (1, 1, 7, 5), 0, 0, 99 - 35),
    # LeNet-5 (1998) S2: 12 parameters. Three additions, a division, a multiplication and an addition per output.
    ("subsample", (1, 6, 28, 28), {"kernel": 2}, (1, 6, 14, 14), 12, 0, 7_056),
    # Each of 10 distances: 84 differences, 84 squares, 83 additions.
    ("rbf", (1, 84), {"classes": 10}, (1, 10), 0, 0, 2_510),
    ("rbf", (4, 6, 3), {"classes": 2, "codes": ((1, -1, 1), (-1, 1, 1))}, (4, 6, 2), 0, 0, 8 * 48),
    # A square, 4 additions, · alpha/size, + k, a power, a division: 9 per element.
    ("lrn", (1, 96, 55, 55), {"size": 5}, (1, 96, 55, 55), 0, 0, 9 * 290_400),
    ("crop", (1, 3, 9, 9), {"extent": (5, 6)}, (1, 3, 5, 6), 0, 0, 0),
    ("pad", (1, 3, 9, 9), {"pad": (1, 2, 3, 4)}, (1, 3, 12, 16), 0, 0, 0),
    ("pad", (1, 3, 9), {"pad": (1, 2)}, (1, 3, 12), 0, 0, 0),
    ("upsample", (1, 3, 4, 5), {"factor": 2}, (1, 3, 8, 10), 0, 0, 0),
    # 3·8·15 outputs of 4 multiplications and 3 additions.
    ("upsample", (1, 3, 4, 5), {"factor": (2, 3), "mode": Word("bilinear")}, (1, 3, 8, 15), 0, 0, 2_520),
    ("upsample", (1, 3, 5), {"factor": 2, "mode": Word("bilinear")}, (1, 3, 10), 0, 0, 90),
    ("upsample", (1, 3, 4, 5), {"factor": (1, 2), "mode": Word("bilinear")}, (1, 3, 4, 10), 0, 0, 360),
    ("channel_shuffle", (1, 6, 4, 4), {"groups": 3}, (1, 6, 4, 4), 0, 0, 0),
    # Symbolic: what need not be rounded stays a polynomial.
    ("conv", (N, 3, H, W), {"maps": 4, "kernel": 3, "bias": False},
     (N, 4, H - 2, W - 2), 108, 108 * (H - 2) * (W - 2) * N, 216 * (H - 2) * (W - 2) * N),
    ("deconv", (N, 3, H), {"maps": 4, "kernel": 4, "stride": 2, "bias": False},
     (N, 4, 2 * H + 2), 48, 48 * H * N, 96 * H * N),
    ("maxpool", (N, 3, H), {"kernel": 3, "stride": 1}, (N, 3, H - 2), 0, 0, 6 * N * (H - 2)),
    ("global_avgpool", (N, 3, H, W), {}, (N, 3, 1, 1), 0, 0, 3 * N * H * W),
    ("upsample", (N, T, 3, H, W), {"factor": 2}, (N, T, 3, 2 * H, 2 * W), 0, 0, 0),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "shape", "arguments", "out", "params", "macs", "flops"), FIGURES)
def test_figures(
    use: Any, layer: str, shape: Any, arguments: dict[str, Any], out: Any, params: int, macs: Any, flops: Any
) -> None:
    built = use(layer, shape, **arguments)
    assert built.shape == out
    assert (built.params, built.macs, built.flops) == (params, macs, flops)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("kernel", "stride", "pad"), [((3, 2), (1, 2), 1), ((1, 4), (2, 1), (0, 1, 2, 3))])
def test_macs_by_loops(use: Any, groups: int, kernel: Any, stride: Any, pad: Any) -> None:
    """Counting each multiplication of the definition, taps in the padding included."""
    built = use("conv", (2, 4, 7, 6), maps=6, kernel=kernel, stride=stride, pad=pad, groups=groups)
    batch, maps, height, width = built.shape
    count = 0
    for _, m, _, _ in product(range(batch), range(maps), range(height), range(width)):
        for channel, _, _ in product(range(4), range(kernel[0]), range(kernel[1])):
            count += m // (maps // groups) == channel // (4 // groups)
    assert built.macs == count


def test_weights_of_several_inputs(use: Any) -> None:
    built = use("conv", (1, 3, 8, 8), (1, 3, 8, 8), maps=4, kernel=3)
    assert built.parameters == {"weight": (4, 3, 3, 3), "bias": (4,), "weight2": (4, 3, 3, 3)}
    # The first with its biases, the second, and their sum: 108 weights at 36 positions, 4·36 outputs.
    assert (built.macs, built.flops) == (2 * 108 * 36, 2 * 2 * 108 * 36 + 144 + 144)
    built = use("conv", (1, 3, 8, 8), (1, 5, 8, 8), maps=4, kernel=3, bias=Word("each"))
    assert built.parameters == {"weight": (4, 3, 3, 3), "bias": (4,), "weight2": (4, 5, 3, 3), "bias2": (4,)}
    assert built.params == 108 + 4 + 180 + 4
    # Sizes that differ before the windows may agree after them: ⌊(8 − 3) / 2⌋ = ⌊(7 − 3) / 2⌋.
    assert use("conv", (1, 3, 8), (1, 3, 7), maps=4, kernel=3, stride=2).shape == (1, 4, 3)


@pytest.mark.parametrize(
    ("layer", "shape", "arguments", "weights", "fan"),
    [
        # PyTorch's _calculate_fan_in_and_fan_out: size(1) × kernel and size(0) × kernel of the weight.
        ("conv", (1, 8, 9, 9), {"maps": 4, "kernel": 3}, {"weight": (4, 8, 3, 3), "bias": (4,)}, (72, 36)),
        ("conv", (1, 8, 9), {"maps": 4, "kernel": 3, "groups": 2}, {"weight": (4, 4, 3), "bias": (4,)}, (12, 12)),
        ("deconv", (1, 8, 9), {"maps": 4, "kernel": 3, "groups": 2}, {"weight": (8, 2, 3), "bias": (4,)}, (6, 24)),
        # The mean of 60 connections over 16 output and 6 input maps, rounded down.
        ("conv", (1, 6, 9, 9), {"maps": 16, "kernel": 5, "connect": TABLE_I},
         {"weight": (60, 5, 5), "bias": (16,)}, (93, 250)),
    ],
)  # fmt: skip
def test_weights(
    use: Any, layer: str, shape: Any, arguments: dict[str, Any], weights: dict[str, Any], fan: Any
) -> None:
    built = use(layer, shape, **arguments)
    assert built.parameters == weights
    assert {p.fan for p in built.graph.parameters} == {fan}
    assert {p.initial for p in built.graph.parameters} == {Initial("fan_in_uniform")}


PADDING: list[tuple[str, tuple[int, ...], dict[str, Any], tuple[int, ...]]] = [
    ("conv", (9, 9), {"kernel": 3, "pad": 2}, (2, 2, 2, 2)),
    ("conv", (9, 9), {"kernel": 3, "pad": (1, 2)}, (1, 1, 2, 2)),
    ("conv", (9, 9), {"kernel": 3, "pad": (1, 2, 3, 4)}, (1, 2, 3, 4)),
    ("conv", (9,), {"kernel": 3, "pad": (1, 2)}, (1, 2)),
    ("conv", (9, 9), {"kernel": 3, "pad": Word("valid")}, (0, 0, 0, 0)),
    # ⌊2·(4 − 1) / 2⌋ = 3 and ⌊2·(5 − 1) / 2⌋ = 4.
    ("conv", (9, 9), {"kernel": (4, 5), "dilation": 2, "pad": Word("half")}, (3, 3, 4, 4)),
    # (⌈10/3⌉ − 1)·3 + 4 − 10 = 3.
    ("conv", (10,), {"kernel": 4, "stride": 3, "pad": Word("same_upper")}, (1, 2)),
    ("conv", (10,), {"kernel": 4, "stride": 3, "pad": Word("same_lower")}, (2, 1)),
    # A kernel smaller than the stride may need none: (⌈9/2⌉ − 1)·2 + 1 − 9 = 0 and (⌈10/4⌉ − 1)·4 + 1 − 10 = −1.
    ("conv", (9,), {"kernel": 1, "stride": 2, "pad": Word("same_upper")}, (0, 0)),
    ("conv", (10,), {"kernel": 1, "stride": 4, "pad": Word("same_upper")}, (0, 0)),
    ("maxpool", (10,), {"kernel": 3, "stride": 2, "pad": Word("same_upper")}, (0, 1)),
    # A transposed convolution pads by kernel − stride: 5 − 2 = 3.
    ("deconv", (10,), {"kernel": 5, "stride": 2, "pad": Word("same_upper")}, (1, 2)),
    ("deconv", (10,), {"kernel": 5, "stride": 2, "pad": Word("same_lower")}, (2, 1)),
    ("deconv", (10,), {"kernel": 5, "pad": Word("same")}, (2, 2)),
    ("deconv", (10,), {"kernel": 4, "stride": 2, "pad": Word("half")}, (1, 1)),
    ("pad", (9, 9), {"pad": (1, 2)}, (1, 1, 2, 2)),
]


@pytest.mark.parametrize(("layer", "extents", "arguments", "padding"), PADDING)
def test_padding(use: Any, layer: str, extents: Any, arguments: dict[str, Any], padding: Any) -> None:
    maps = {"maps": 1} if layer in ("conv", "deconv") else {}
    assert use(layer, (1, 1, *extents), **maps, **arguments).padding == padding


# layer, extents, arguments -> each size with its formula in words and in numbers
DERIVATIONS: list[tuple[str, tuple[Any, ...], dict[str, Any], dict[str, tuple[str, str]]]] = [
    ("conv", (28,), {"kernel": 5, "pad": 2}, {"length": (
        "(input length − kernel + padding) / stride + 1", "(28 − 5 + 4) / 1 + 1")}),
    ("conv", (224,), {"kernel": 7, "stride": 2, "pad": Word("half")}, {
        "padding before": ("⌊(kernel − 1) / 2⌋", "⌊(7 − 1) / 2⌋"),
        "padding after": ("⌊(kernel − 1) / 2⌋", "⌊(7 − 1) / 2⌋"),
        "length": ("⌊(input length − kernel + padding) / stride⌋ + 1", "⌊(224 − 7 + 6) / 2⌋ + 1")}),
    ("conv", (9,), {"kernel": 3, "dilation": 2, "pad": Word("same")}, {
        "padding before": ("⌊dilation × (kernel − 1) / 2⌋", "⌊2 × (3 − 1) / 2⌋"),
        "padding after": ("⌈dilation × (kernel − 1) / 2⌉", "⌈2 × (3 − 1) / 2⌉"),
        "length": ("(input length − (dilation × (kernel − 1) + 1) + padding) / stride + 1",
                   "(9 − (2 × (3 − 1) + 1) + 4) / 1 + 1")}),
    ("conv", (10,), {"kernel": 4, "stride": 3, "pad": Word("same_upper")}, {
        "padding before": ("⌊max((⌈input length / stride⌉ − 1) × stride + kernel − input length, 0) / 2⌋",
                           "⌊max((⌈10 / 3⌉ − 1) × 3 + 4 − 10, 0) / 2⌋"),
        "padding after": ("⌈max((⌈input length / stride⌉ − 1) × stride + kernel − input length, 0) / 2⌉",
                          "⌈max((⌈10 / 3⌉ − 1) × 3 + 4 − 10, 0) / 2⌉"),
        "length": ("(input length − kernel + padding) / stride + 1", "(10 − 4 + 3) / 3 + 1")}),
    ("conv", (H,), {"kernel": 3}, {"length": ("input length − kernel + padding + 1", "H − 3 + 0 + 1")}),
    # A third window would start at 4, the first position of the end padding: ⌈(3 − 2 + 2) / 2⌉ + 1 − 1.
    ("maxpool", (3,), {"kernel": 2, "pad": 1, "ceil": True}, {"length": (
        "⌈(input length − kernel + padding) / stride⌉ + 1 − window that starts in the end padding",
        "⌈(3 − 2 + 2) / 2⌉ + 1 − 1")}),
    ("deconv", (5,), {"kernel": 5, "stride": 3, "pad": Word("half"), "output_pad": 2}, {
        "padding before": ("⌊(kernel − 1) / 2⌋", "⌊(5 − 1) / 2⌋"),
        "padding after": ("⌊(kernel − 1) / 2⌋", "⌊(5 − 1) / 2⌋"),
        "length": ("(input length − 1) × stride − padding + kernel + output padding", "(5 − 1) × 3 − 4 + 5 + 2")}),
    ("deconv", (5,), {"kernel": 4, "stride": 2, "pad": Word("same_upper")}, {
        "padding before": ("⌊max(kernel − stride, 0) / 2⌋", "⌊max(4 − 2, 0) / 2⌋"),
        "padding after": ("⌈max(kernel − stride, 0) / 2⌉", "⌈max(4 − 2, 0) / 2⌉"),
        "length": ("(input length − 1) × stride − padding + kernel", "(5 − 1) × 2 − 2 + 4")}),
    ("crop", (9,), {"extent": 4}, {"length": ("input length − cut away", "9 − 5")}),
    ("pad", (9,), {"pad": (1, 2)}, {"length": ("input length + padding", "9 + 3")}),
    ("upsample", (9,), {"factor": 2}, {"length": ("input length × factor", "9 × 2")}),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "extents", "arguments", "derivations"), DERIVATIONS)
def test_derivations(
    use: Any, layer: str, extents: Any, arguments: dict[str, Any], derivations: dict[str, tuple[str, str]]
) -> None:
    """Each size says how it comes about, and its value is that of the shape and the padding."""
    maps = {"maps": 1} if layer in ("conv", "deconv") else {}
    built = use(layer, (1, 1, *extents), **maps, **arguments)
    assert {name: (size.words(), size.numbers({})) for name, size in built.sizes.items()} == derivations
    assert built.sizes["length"].value == built.shape[2]
    if "padding before" in derivations:
        assert (built.sizes["padding before"].value, built.sizes["padding after"].value) == built.padding


def test_sides_of_two_dimensions(use: Any) -> None:
    sizes = use("conv", (1, 1, 9, 9), maps=1, kernel=(3, 5), pad=Word("half")).sizes
    sides = {"padding top": 1, "padding bottom": 1, "padding left": 2, "padding right": 2}
    assert {name: size.value for name, size in sizes.items()} == {**sides, "height": 9, "width": 9}


def test_formulas_of_the_cost(use: Any) -> None:
    (node,) = use("conv", (N, 4, 9, 9), maps=6, kernel=3, groups=2).graph.nodes
    types = tuple(v.type for v in node.ins), tuple(v.type for v in node.outs)
    macs = node.op.macs(*types)
    assert macs.words() == (
        "kernel height × kernel width × maps in per group × maps out × output height × output width × batch"
    )
    assert macs.numbers({"N": 5}) == "3 × 3 × 2 × 6 × 7 × 7 × 5"
    assert node.op.flops(*types).words() == "2 × MACs + bias additions"


def test_avgpool_keeps_how_it_counts(use: Any) -> None:
    for arguments, counts in (({}, True), ({"count_pad": True}, True), ({"count_pad": False}, False)):
        (node,) = use("avgpool", (1, 1, 9, 9), kernel=3, pad=1, **arguments).graph.nodes
        assert isinstance(node.op, AvgPool)
        assert node.op.count_pad is counts


def test_every_window_of_a_pool_sees_the_input(use: Any) -> None:
    """All small pools: what is accepted has a position of the input in each window, and what is refused has not."""
    refused = 0
    for size, kernel, stride, dilation, before, after, up in product(
        range(1, 5), range(1, 4), range(1, 4), range(1, 4), range(3), range(3), (False, True)
    ):
        reach = dilation * (kernel - 1) + 1
        if max(before, after) >= kernel or size + before + after < reach:
            continue
        room = size + before + after - reach
        count = (-(-room // stride) if up else room // stride) + 1
        if (count - 1) * stride >= size + before:
            count -= 1
        taps = [[o * stride + j * dilation - before for j in range(kernel)] for o in range(count)]
        sees = all(any(0 <= tap < size for tap in window) for window in taps)
        arguments = {"kernel": kernel, "stride": stride, "dilation": dilation, "pad": (before, after), "ceil": up}
        if sees:
            assert use("maxpool", (1, 1, size), **arguments).shape == (1, 1, count)
        else:
            refused += 1
            with pytest.raises(Exception, match="makes the first window step over"):
                use("maxpool", (1, 1, size), **arguments)
    assert refused > 0


def test_bare_pools_have_no_settings(use: Any) -> None:
    """Two windows of the same numbers are one operation, however their padding was written."""
    half, one = (use("maxpool", (1, 1, 9, 9), kernel=3, pad=pad).graph.nodes[0].op for pad in (Word("half"), 1))
    assert isinstance(half, MaxPool)
    assert half == one
    assert hash(half) == hash(one)
    assert repr(half) == repr(one)


def test_random_numbers_are_splitmix64() -> None:
    # The first outputs for the seeds 0 and 1234567 of the reference implementation, https://prng.di.unimi.it/splitmix64.c
    assert offsets(0, 3) == (0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F)
    assert offsets(1234567, 3) == (6457827717110365317, 3203168211198807973, 9817491932198370423)


@pytest.mark.parametrize(("extent", "regions"), [(25, 17), (36, 18), (7, 7), (10, 3), (9, 1), (1000, 707)])
def test_fractional_regions(extent: int, regions: int) -> None:
    """Graham 2014, section 2: aᵢ = ⌈α(i + u)⌉ in exact fractions; regions of ⌊α⌋ or ⌈α⌉ that cover the axis."""
    alpha = Fraction(extent, regions)
    for offset in (0, 1, 2**63, 2**64 - 1, *offsets(5, 4)):
        cuts = [cut(extent, regions, offset, place) for place in range(regions + 1)]
        u = Fraction(offset, 2**64)
        assert cuts == [ceil(alpha * (place + u)) - ceil(alpha * u) for place in range(regions + 1)]
        assert (cuts[0], cuts[-1]) == (0, extent)
        assert {b - a for a, b in pairwise(cuts)} <= {floor(alpha), ceil(alpha)}


def test_fractional_grid_follows_from_the_seed(use: Any) -> None:
    grids = [use("fractional_maxpool", (1, 1, 25, 25), factor=1.4, seed=seed).graph.nodes[0].op for seed in (0, 0, 1)]
    assert isinstance(grids[0], FractionalMaxPool)
    assert grids[0] == grids[1] != grids[2]
    assert grids[0].offsets[0] != grids[0].offsets[1]


def test_digits(use: Any) -> None:
    """The codes of the digits are 840 buffers of ±1, and no two are near: they differ in at least 8 of 84 places."""
    (codes,) = use("rbf", (1, 84), classes=10).graph.parameters
    assert (codes.trainable, codes.value.type.shape, codes.name) == (False, (10, 84), "rbf0.codes")
    assert codes.initial.kind == "values"
    signs = codes.initial.arguments
    assert len(signs) == 840
    assert set(signs) == {1.0, -1.0}
    rows = [signs[84 * digit : 84 * digit + 84] for digit in range(10)]
    assert min(sum(a != b for a, b in zip(x, y, strict=True)) for x, y in combinations(rows, 2)) >= 8
    # Row 2 of the drawing of a 1, which is 7 wide.
    assert rows[1][14:21] == (-1, -1, 1, 1, 1, -1, -1)


def test_given_codes(use: Any) -> None:
    built = use("rbf", (1, 3), classes=2, codes=((1, -1, 1), (-1, 1, 1)))
    assert built.graph.parameters[0].initial == Initial("values", (1, -1, 1, -1, 1, 1))
    assert built.buffers == 6


def test_crop_to_another_input(use: Any) -> None:
    built = use("crop", (1, 3, 9, 8), (1, 7, 4, 8))
    assert built.shape == (1, 3, 4, 8)
    assert built.graph.nodes[0].op.cuts == ((2, 3), (0, 0))
    # Symbolic sizes can be compared when their difference is a number.
    assert use("crop", (N, 3, H, W), (N, 3, H - 4, W)).graph.nodes[0].op.cuts == ((2, 2), (0, 0))
    assert use("crop", (N, T, 3, 9, 9), (N, T, 5, 4, 4)).shape == (N, T, 3, 4, 4)


def test_upsample_and_shuffle_attributes(use: Any) -> None:
    assert use("upsample", (1, 1, 4, 4), factor=2).graph.nodes[0].op == Upsample((2, 2), "nearest")
    assert use("channel_shuffle", (1, 6, 4), groups=3).graph.nodes[0].op == ChannelShuffle(3)


def test_bound_figures_equal_those_of_numbers(use: Any) -> None:
    arguments = {"maps": 8, "kernel": (3, 5), "dilation": (2, 1), "pad": Word("same_upper"), "groups": 2}
    symbolic = use("conv", (N, 4, H, W), **arguments)
    fixed = use("conv", (2, 4, 17, 23), **arguments)
    values = {"N": 2, "H": 17, "W": 23}
    assert [bind(size, values) for size in symbolic.shape] == list(fixed.shape)
    assert (bind(symbolic.macs, values), bind(symbolic.flops, values)) == (fixed.macs, fixed.flops)
