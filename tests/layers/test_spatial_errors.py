"""What the layers for images refuse: the code, the message with both numbers, what is at fault, and a way out."""

from __future__ import annotations

from typing import Any

import pytest

from netc.compiler.diagnostics.codes import CODES
from netc.compiler.graph.arguments import ArgumentError, Word
from netc.compiler.graph.dims import symbol
from netc.compiler.graph.op import OpError

N, C, H = symbol("N"), symbol("C"), symbol("H")
SAME = {"pad": Word("same")}
CONV = {"maps": 4, "kernel": 3}

# layer, inputs, arguments -> code, message, argument, operand
ERRORS: list[tuple[str, list[tuple[Any, ...]], dict[str, Any], str, str, str | None, int | None]] = [
    ("conv", [(1, 3, 4, 9)], {"maps": 4, "kernel": 5}, "window",
     "a kernel of height 5 does not fit into an input of height 4", None, 0),
    ("conv", [(1, 3, 9, 4)], {"maps": 4, "kernel": 3, "dilation": 4, "pad": 1}, "window",
     "a kernel of width 3, which dilation 4 spreads over 9, does not fit into an input of width 4 padded to 6",
     None, 0),
    ("maxpool", [(1, 3, 2)], {"kernel": 3}, "window",
     "a kernel of length 3 does not fit into an input of length 2", None, 0),
    ("maxpool", [(1, 3, 9)], {"kernel": 2, "pad": 2}, "window",
     "the padding of 2 is not smaller than the kernel's length, 2", "pad", None),
    ("avgpool", [(1, 3, 9, 9)], {"kernel": (3, 1), "pad": 1}, "window",
     "the padding of 1 is not smaller than the kernel's width, 1", "pad", None),
    ("maxpool", [(1, 3, 9)], {"kernel": 3, "dilation": 3, "stride": 1, "pad": Word("half")}, "window",
     "the padding of 3 is not smaller than the kernel's length, 3", "pad", None),
    ("maxpool", [(1, 3, 2)], {"kernel": 2, "dilation": 3, "pad": 1}, "window",
     "dilation 3 makes the first window step over an input of length 2", "dilation", None),
    ("deconv", [(1, 3, 2)], {"maps": 4, "kernel": 2, "pad": 2}, "window",
     "padding of 4 leaves nothing of an output of length 3", "pad", 0),
    ("subsample", [(1, 3, 1, 1)], {"kernel": 2}, "window",
     "a kernel of height 2 does not fit into an input of height 1", None, 0),
    ("fractional_maxpool", [(1, 3, 2)], {"factor": 2.5}, "window",
     "a factor of 2.5 leaves nothing of an input of length 2", "factor", 0),
    ("fractional_maxpool", [(1, 3, 9)], {"size": 10}, "window",
     "an input of length 9 cannot be cut into 10 regions", None, 0),
    ("conv", [(1, 3, 9, 9)], {**CONV, **SAME, "stride": 2}, "same-stride",
     "`pad = same` keeps the size, which stride 2 cannot", "pad", None),
    ("conv", [(1, 3, 9, 9)], {**CONV, **SAME, "stride": (1, 3)}, "same-stride",
     "`pad = same` keeps the size, which stride 3 cannot", "pad", None),
    ("maxpool", [(1, 3, 9, 9)], {"kernel": 3, **SAME}, "same-stride",
     "`pad = same` keeps the size, which stride 3 cannot", "pad", None),
    ("conv", [(1, 3, 9, 9)], {"maps": 4, "kernel": (3, 4), **SAME}, "same-even",
     "`pad = same` with an even kernel, here 4, would need half a position on each side", "pad", None),
    ("deconv", [(1, 3, 9, 9)], {**CONV, **SAME, "stride": 2}, "same-stride",
     "`pad = same` keeps the size, which stride 2 cannot", "pad", None),
    ("conv", [(1, 3, 9, 9)], {**CONV, "groups": 3}, "groups",
     "4 maps cannot be divided into 3 groups", "groups", None),
    ("conv", [(1, 3, 9, 9)], {**CONV, "groups": 2}, "groups",
     "3 input channels cannot be divided into 2 groups", "groups", None),
    ("conv", [(1, 4, 9, 9), (1, 3, 9, 9)], {**CONV, "groups": 2}, "groups",
     "3 input channels cannot be divided into 2 groups", "groups", 1),
    ("deconv", [(1, 3, 9, 9)], {**CONV, "groups": 4}, "groups",
     "3 input channels cannot be divided into 4 groups", "groups", None),
    ("deconv", [(1, 3, 9, 9)], {**CONV, "groups": 3}, "groups",
     "4 maps cannot be divided into 3 groups", "groups", None),
    ("channel_shuffle", [(1, 8, 9)], {"groups": 3}, "groups",
     "8 input channels cannot be divided into 3 groups", "groups", None),
    ("conv", [(1, 3, 9)], {"maps": 4, "kernel": (3, 5)}, "bad-argument",
     "`kernel` has 2 sizes, the input has 1 spatial dimension", "kernel", None),
    ("maxpool", [(1, 3, 9)], {"kernel": 3, "stride": (1, 2)}, "bad-argument",
     "`stride` has 2 sizes, the input has 1 spatial dimension", "stride", None),
    ("conv", [(1, 3, 9)], {**CONV, "pad": (1, 2, 3, 4)}, "bad-argument",
     "`pad` has 4 sizes, the input has 1 spatial dimension", "pad", None),
    ("pad", [(1, 3, 9)], {"pad": (1, 2, 3, 4)}, "bad-argument",
     "`pad` has 4 sizes, the input has 1 spatial dimension", "pad", None),
    ("conv", [(1, 3, 9, 9)], {**CONV, "connect": ((0,), (1,))}, "bad-argument",
     "`connect` lists 2 maps, `maps` is 4", "connect", None),
    ("conv", [(1, 3, 9, 9)], {"maps": 2, "kernel": 3, "connect": ((0,), (1, 3))}, "bad-argument",
     "`connect` reads input map 3, the input has 3, numbered from 0 to 2", "connect", None),
    ("conv", [(1, 3, 9, 9)], {"maps": 2, "kernel": 3, "connect": ((0,), (1, 1))}, "bad-argument",
     "`connect` lists an input map twice for output map 1", "connect", None),
    ("conv", [(1, 3, 9, 9)], {"maps": 2, "kernel": 3, "groups": 2, "connect": ((0,), (1,))}, "bad-argument",
     "`connect` and 2 groups both say which maps are read", "groups", None),
    ("conv", [(1, 3, 9, 9)] * 2, {"maps": 1, "kernel": 3, "connect": ((0,),)}, "bad-argument",
     "`connect` is about the maps of one input, here are 2", "connect", None),
    ("deconv", [(1, 3, 9)], {**CONV, "output_pad": 1}, "bad-argument",
     "`output_pad` of 1 is not smaller than the stride, 1, or the dilation, 1", "output_pad", None),
    ("deconv", [(1, 3, 9)], {**CONV, "stride": 2, "output_pad": 1, "size": 20}, "bad-argument",
     "`size` and `output_pad` both decide the size of the output", "size", None),
    ("deconv", [(1, 3, 9)], {**CONV, "stride": 2, "size": 18, "pad": Word("same_upper")}, "bad-argument",
     "`size` and `pad = same_upper` both decide the size of the output", "size", None),
    # (9 − 1)·2 − 2 + 3 = 17, or 18 with an output padding of 1.
    ("deconv", [(1, 3, 9)], {**CONV, "stride": 2, "pad": 1, "size": 19}, "shape-mismatch",
     "an output of length 19 cannot be made of an input of length 9, which gives 17 to 18", "size", 0),
    ("deconv", [(1, 3, 9)], {**CONV, "size": 10}, "shape-mismatch",
     "an output of length 10 cannot be made of an input of length 9, which gives 11", "size", 0),
    ("fractional_maxpool", [(1, 3, 9)], {}, "bad-argument",
     "`fractional_maxpool` takes a `factor` or a `size`, and just one of them", None, None),
    ("fractional_maxpool", [(1, 3, 9)], {"factor": 2, "size": 4}, "bad-argument",
     "`fractional_maxpool` takes a `factor` or a `size`, and just one of them", None, None),
    ("fractional_maxpool", [(1, 3, 9)], {"factor": 0.5}, "bad-argument",
     "`factor` is 0.5, which would make the image larger", "factor", None),
    ("rbf", [(1, 84)], {"classes": 26}, "bad-argument",
     "there are codes for 10 classes of 84 features, not for 26 of 84", "classes", 0),
    ("rbf", [(1, 3)], {"classes": 3, "codes": ((1, -1, 1), (-1, 1, 1))}, "bad-argument",
     "`codes` lists 2 codes, `classes` is 3", "codes", None),
    ("rbf", [(1, 4)], {"classes": 2, "codes": ((1, -1, 1), (-1, 1, 1))}, "shape-mismatch",
     "the codes have 3 signs each, the input has 4 features", "codes", 0),
    ("rbf", [(1, 4)], {"classes": 1, "codes": ((1, -1, 1),)}, "shape-mismatch",
     "the codes have 3 signs each, the input has 4 features", "codes", 0),
    ("rbf", [(1, 3, 4, 4)], {"classes": 10}, "shape-mismatch",
     "`rbf` reads [N, features] or [N, T, features], the input is f32[1, 3, 4, 4]", None, 0),
    ("lrn", [(1, 8, 9, 9)], {"size": 4}, "bad-argument",
     "`size` is 4, and an even number of channels has no middle", "size", None),
    ("lrn", [(1, 8, 9, 9)], {"size": 5, "k": 0}, "bad-argument",
     "`k` is 0, with which `lrn` could divide by zero", "k", None),
    ("lrn", [(1, 8, 9, 9)], {"size": 5, "alpha": -1}, "bad-argument",
     "`alpha` is -1, with which `lrn` could divide by zero", "alpha", None),
    ("crop", [(1, 3, 9, 9)], {}, "bad-argument",
     "`crop` takes an extent, or a second input to take it from, and just one of them", None, None),
    ("crop", [(1, 3, 9, 9), (1, 3, 4, 4)], {"extent": 4}, "bad-argument",
     "`crop` takes an extent, or a second input to take it from, and just one of them", "extent", None),
    ("crop", [(1, 3, 9, 9)], {"extent": (4, 10)}, "shape-mismatch",
     "an input of width 9 cannot be cut to 10", "extent", 0),
    ("crop", [(1, 3, 9, 9), (1, 3, 4)], {}, "shape-mismatch",
     "f32[1, 3, 9, 9] is to be cut to the size of f32[1, 3, 4], of another rank", None, 1),
    ("conv", [(1, 3, 9, 9), (1, 3, 7, 9)], CONV, "shape-mismatch",
     "input 2 comes out as f32[1, 4, 5, 7], the first as f32[1, 4, 7, 7], and they are summed", None, 1),
    ("conv", [(1, 3, 9, 9), (1, 3, 2, 9)], CONV, "window",
     "a kernel of height 3 does not fit into an input of height 2", None, 1),
    ("conv", [(1, 3, 9, 9), (1, 3, 9)], CONV, "shape-mismatch",
     "input 2 is f32[1, 3, 9], which does not go with the first, f32[1, 3, 9, 9]", None, 1),
    ("conv", [(1, 2, 3, 9, 9), (1, 4, 3, 9, 9)], CONV, "shape-mismatch",
     "input 2 is f32[1, 4, 3, 9, 9], which does not go with the first, f32[1, 2, 3, 9, 9]", None, 1),
    ("conv", [(1, 84)], CONV, "shape-mismatch",
     "this layer reads [N, channels, height, width] or [N, channels, length], the input is f32[1, 84]", None, 0),
    ("conv", [(N, 3, H)], {**CONV, "stride": 2}, "unbound-dimension",
     "the length H is symbolic, and a window at stride 2 needs a number to round", None, 0),
    ("conv", [(N, 3, H)], {**CONV, "stride": 2, "pad": Word("same_upper")}, "unbound-dimension",
     "the length H is symbolic, and `pad = same_upper` at stride 2 needs a number", None, 0),
    ("conv", [(N, C, 9)], CONV, "unbound-dimension",
     "the number of channels C is symbolic, and a weight or group needs a number", None, 0),
    ("conv", [(N, 3, 9), (N, C, 9)], CONV, "unbound-dimension",
     "the number of channels C is symbolic, and a weight or group needs a number", None, 1),
    ("deconv", [(N, 3, H)], {**CONV, "size": 20}, "unbound-dimension",
     "the length H is symbolic, and an output of length 20 needs a number to compare with", None, 0),
    ("fractional_maxpool", [(N, 3, H)], {"factor": 1.5}, "unbound-dimension",
     "the length H is symbolic, and a fractional window needs a number to round", None, 0),
    ("fractional_maxpool", [(N, 3, H)], {"size": 9}, "unbound-dimension",
     "the length H is symbolic, and uneven regions need a number", None, 0),
    ("crop", [(N, 3, H)], {"extent": 9}, "unbound-dimension",
     "the length H is symbolic, and cutting 9 from its middle needs a number", None, 0),
    ("rbf", [(N, C)], {"classes": 10}, "unbound-dimension",
     "the number of features C is symbolic, and the codes need a number", None, 0),
    ("channel_shuffle", [(N, C, 9)], {"groups": 2}, "unbound-dimension",
     "the number of channels C is symbolic, and a weight or group needs a number", None, 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "shapes", "arguments", "code", "message", "argument", "operand"),
    ERRORS,
    ids=[f"{error[0]}-{error[3]}-{place}" for place, error in enumerate(ERRORS)],
)
def test_error(
    use: Any,
    layer: str,
    shapes: list[tuple[Any, ...]],
    arguments: dict[str, Any],
    code: str,
    message: str,
    argument: str | None,
    operand: int | None,
) -> None:
    with pytest.raises(OpError) as error:
        use(layer, *shapes, **arguments)
    found = error.value
    assert (found.code, found.message, found.argument, found.operand) == (code, message, argument, operand)
    assert found.help
    assert found.code in CODES


IMAGE_LAYERS: dict[str, dict[str, Any]] = {
    "conv": CONV, "deconv": CONV, "maxpool": {"kernel": 2}, "avgpool": {"kernel": 2}, "global_avgpool": {},
    "global_maxpool": {}, "fractional_maxpool": {"factor": 2}, "subsample": {"kernel": 2}, "rbf": {"classes": 10},
    "lrn": {"size": 5}, "crop": {"extent": 3}, "pad": {"pad": 1}, "upsample": {"factor": 2},
    "channel_shuffle": {"groups": 2},
}  # fmt: skip


@pytest.mark.parametrize("layer", IMAGE_LAYERS)
def test_whole_numbers_are_refused(use: Any, layer: str) -> None:
    with pytest.raises(OpError) as error:
        use(layer, (1, 84) if layer == "rbf" else (1, 4, 8, 8), dtype="i64", **IMAGE_LAYERS[layer])
    assert error.value.code == "element-type"
    assert "i64" in error.value.message


@pytest.mark.parametrize(
    ("layer", "arguments"),
    [
        ("conv", {**CONV, "maps": 2**31 - 1, "kernel": 2**16, "pad": 2**17}),
        ("upsample", {"factor": 2**30}),
        ("pad", {"pad": 2**31 - 1}),
        ("deconv", {**CONV, "stride": 2**30}),
    ],
)
def test_huge_sizes_meet_the_limits(use: Any, layer: str, arguments: dict[str, Any]) -> None:
    """At once, and without allocating anything."""
    with pytest.raises(OpError) as error:
        use(layer, (1, 3, 64, 64), **arguments)
    assert error.value.code == "limit"


@pytest.mark.parametrize(
    ("layer", "arguments", "expected"),
    [
        ("conv", {"maps": 4, "kernel": 0}, "a whole number from 1 up, or an extent"),
        ("conv", {**CONV, "stride": (1, 0)}, "a whole number from 1 up, or an extent"),
        ("conv", {**CONV, "pad": -1}, "a whole number from 0 up, `(h, w)`"),
        ("conv", {**CONV, "pad": Word("reflect")}, "`half`, `same`, `same_upper`"),
        ("conv", {**CONV, "connect": ((0, -1),)}, "a list with a list of input maps"),
        ("pad", {"pad": Word("same")}, "a whole number from 0 up, `(h, w)` or"),
        ("pad", {"pad": (1, 2, 3)}, "a whole number from 0 up, `(h, w)` or"),
        ("upsample", {"factor": 2, "mode": Word("cubic")}, "`nearest` or `bilinear`"),
        ("upsample", {"factor": 1.5}, "a whole number from 1 up"),
        ("rbf", {"classes": 2, "codes": ((1, 0), (0, 1))}, "a list with a list of 1 and -1"),
        ("rbf", {"classes": 2, "codes": ((1,), (1, -1))}, "a list with a list of 1 and -1"),
        ("rbf", {"classes": 1, "codes": ((True,),)}, "a list with a list of 1 and -1"),
    ],
)
def test_arguments_that_are_not_taken(use: Any, layer: str, arguments: dict[str, Any], expected: str) -> None:
    with pytest.raises(ArgumentError) as error:
        use(layer, (1, 3, 9, 9), **arguments)
    assert expected in str(error.value)


def test_groups_name_the_divisors(use: Any) -> None:
    with pytest.raises(OpError) as error:
        use("conv", (1, 12, 9, 9), maps=10, kernel=3, groups=5)
    assert error.value.help == "write a number of groups that divides 12: 1, 2, 3, 4, 6, 12"
    with pytest.raises(OpError) as error:
        use("conv", (1, 12, 9, 9), maps=2**60, kernel=3, groups=5)
    assert error.value.help == f"write a number of groups that divides {2**60}"
