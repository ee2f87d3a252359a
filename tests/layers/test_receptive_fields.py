"""Receptive fields against brute force: the set of input positions that each output position sees, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netc.compiler.graph.arguments import Word
from netc.compiler.graph.field import START, Axis, union
from netc.compiler.ops.fractional_pool import cut, offsets

Layer = tuple[str, dict[str, object]]
Sees = Callable[[int], set[int]]
SIZE = 120


def window_sees(kernel: int, stride: int, dilation: int, pad: int) -> Sees:
    return lambda o: {o * stride + tap * dilation - pad for tap in range(kernel)}


def deconv_sees(kernel: int, stride: int, pad: int) -> Sees:
    def sees(o: int) -> set[int]:
        near = range((o + pad) // stride - kernel, (o + pad) // stride + 2)
        return {p for p in near if 0 <= o + pad - p * stride < kernel}

    return sees


def linear_sees(factor: int) -> Sees:
    def sees(o: int) -> set[int]:
        # The place in the input times 2·factor: (o + ½) / factor − ½.
        place = 2 * o + 1 - factor
        below = place // (2 * factor)
        return {below} if place % (2 * factor) == 0 else {below, below + 1}

    return sees


def sees_of(layer: Layer, size: int) -> Sees:
    name, given = layer
    a: Any = given
    match name:
        case "conv" | "maxpool":
            return window_sees(a["kernel"], a["stride"], a["dilation"], a["pad"])
        case "deconv":
            return deconv_sees(a["kernel"], a["stride"], a["pad"])
        case "pad":
            return lambda o: {o - a["pad"][0]}
        case "crop":
            return lambda o: {o + (size - a["extent"]) // 2}
        case "upsample":
            factor = a["factor"]
            return linear_sees(factor) if a["mode"] == "bilinear" else lambda o: {o // factor}
    regions, (offset,) = int(a["size"]), offsets(0, 1)
    return lambda o: set(range(cut(size, regions, offset, o), cut(size, regions, offset, o + 1)))


def brute_force(layers: list[Layer], sizes: list[int], output: int) -> set[int]:
    seen = {output}
    for layer, size in zip(reversed(layers), reversed(sizes), strict=True):
        sees = sees_of(layer, size)
        seen = {position for place in seen for position in sees(place)}
    return seen


def compare(build: Any, layers: list[Layer]) -> None:
    sizes = [build((1, 1, SIZE), *layers[:count]).shape[2] for count in range(len(layers))]
    (axis,) = build((1, 1, SIZE), *layers).field
    places = range(-2 * len(axis.lows), 2 * len(axis.lows) + 2)
    seen = [brute_force(layers, sizes, place) for place in places]
    for place, positions in zip(places, seen, strict=True):
        if positions:
            assert axis.stretch(place, place) == (min(positions), max(positions)), place
    assert axis.size == max(max(positions) - min(positions) + 1 for positions in seen if positions)


CONV: Layer = ("conv", {"maps": 1, "kernel": 3, "stride": 1, "dilation": 1, "pad": 1})
POOL: Layer = ("maxpool", {"kernel": 2, "stride": 2, "dilation": 1, "pad": 0})
UP: Layer = ("deconv", {"maps": 1, "kernel": 2, "stride": 2, "pad": 0})
NEAREST: Layer = ("upsample", {"factor": 2, "mode": Word("nearest")})
LINEAR: Layer = ("upsample", {"factor": 3, "mode": Word("bilinear")})
CHAINS: dict[str, list[Layer]] = {
    "conv": [("conv", {"maps": 1, "kernel": 4, "stride": 3, "dilation": 2, "pad": 2}), CONV],
    "deconv": [("deconv", {"maps": 1, "kernel": 5, "stride": 3, "pad": 2})],
    "deconv with gaps": [("deconv", {"maps": 1, "kernel": 1, "stride": 3, "pad": 0})],
    "u-net": [CONV, POOL, CONV, POOL, CONV, UP, CONV, UP, CONV],
    "down after up": [CONV, ("deconv", {"maps": 1, "kernel": 4, "stride": 2, "pad": 1}), POOL, CONV],
    "nearest": [POOL, NEAREST, CONV, CONV],
    "bilinear": [POOL, LINEAR, CONV],
    "pad and crop": [CONV, ("pad", {"pad": (3, 1)}), ("crop", {"extent": 31}), POOL],
    "fractional": [CONV, ("fractional_maxpool", {"size": 84}), CONV],
}


@pytest.mark.parametrize("name", CHAINS)
def test_chain(chain: Any, name: str) -> None:
    compare(chain, CHAINS[name])


windows = st.fixed_dictionaries(
    {"maps": st.just(1), "kernel": st.integers(1, 4), "stride": st.integers(1, 3), "dilation": st.integers(1, 2),
     "pad": st.integers(0, 2)}
)  # fmt: skip
deconvs = st.integers(1, 3).flatmap(
    lambda stride: st.fixed_dictionaries(
        {"maps": st.just(1), "kernel": st.integers(stride, 5), "stride": st.just(stride), "pad": st.integers(0, 2)}
    )
)
upsamples = st.fixed_dictionaries(
    {"factor": st.integers(1, 3), "mode": st.sampled_from([Word("nearest"), Word("bilinear")])}
)
layers = st.one_of(
    st.tuples(st.just("conv"), windows),
    st.tuples(st.just("deconv"), deconvs),
    st.tuples(st.just("upsample"), upsamples),
    st.tuples(st.just("pad"), st.fixed_dictionaries({"pad": st.tuples(st.integers(0, 3), st.integers(0, 3))})),
)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(several=st.lists(layers, min_size=1, max_size=3))
def test_random_chain(chain: Any, several: list[Layer]) -> None:
    compare(chain, several)


def test_global_pool_sees_everything(chain: Any) -> None:
    # 28 = 30 − 3 + 1 positions of a 3-window each: the whole 30, shifted by the padding of 0.
    field = chain((1, 3, 30, 20), ("conv", {"maps": 1, "kernel": 3}), ("global_avgpool", {})).field
    assert field == (Axis(28, (0,), (29,)), Axis(18, (0,), (19,)))


def test_resnet_stem(chain: Any) -> None:
    # Araujo et al. 2019: r = 7, then 7 + (3 − 1)·2 = 11, at a step of 4; starts at −3 − 1·2.
    stem = ("conv", {"maps": 64, "kernel": 7, "stride": 2, "pad": 3})
    field = chain((1, 3, 224, 224), stem, ("maxpool", {"kernel": 3, "stride": 2, "pad": 1})).field
    assert field == (Axis(4, (-5,), (5,)),) * 2
    assert field[0].size == 11


def test_dilated_deconv_is_contained(chain: Any) -> None:
    """With a dilation, what lies between the taps of a transposed window counts too."""
    (axis,) = chain((1, 1, 9), ("deconv", {"maps": 1, "kernel": 3, "stride": 2, "dilation": 3})).field
    for place in range(-5, 20):
        seen = {p for p in range(-20, 40) for tap in range(3) if 2 * p + 3 * tap == place}
        low, high = axis.stretch(place, place)
        assert all(low <= p <= high for p in seen)


def test_steps_on_a_sequence_of_images(use: Any) -> None:
    field = use("conv", (1, 5, 3, 16, 16), maps=4, kernel=5, stride=2).field
    assert field == (Axis(2, (0,), (4,)),) * 2


def test_union() -> None:
    wide, narrow = Axis(2, (-3,), (3,)), Axis(2, (0,), (5,))
    assert union([(wide,), (narrow,)]) == (Axis(2, (-3,), (5,)),)
    # Two phases against one: position 0 sees 0 and −1…1, position 1 sees 1 and 1…2, every second further by 2.
    fine, phased = Axis(1, (0,), (0,)), Axis(2, (-1, 1), (1, 2))
    assert union([(fine,), (phased,)]) == (Axis(2, (-1, 1), (1, 2)),)
    assert union([(START,), (wide,)]) is None
    assert union([(START,), None]) is None


def test_too_many_phases_have_no_field(chain: Any) -> None:
    up = ("upsample", {"factor": 64, "mode": Word("nearest")})
    assert chain((1, 1, 4), up).field is not None
    assert chain((1, 1, 4), up, NEAREST).field is None
