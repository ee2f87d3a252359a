"""`transposed(f)` of a `conv` gives f's input extent back, with f's weights."""

from __future__ import annotations

from typing import Any

import pytest

from netc.compiler.graph.arguments import Word
from netc.compiler.graph.builder import Builder, OpenUse
from netc.compiler.graph.dims import Dim, symbol
from netc.compiler.graph.graph import Value
from netc.compiler.graph.initial import FAN_IN
from netc.compiler.graph.op import OpError
from netc.compiler.graph.tensor import TensorType
from netc.compiler.layers.conv import ConvLayer
from netc.compiler.layers.deconv import transposed_conv
from netc.compiler.limits import DEFAULT_LIMITS
from netc.compiler.source import Source, Span

HERE = Span(Source("test.net", ""), 0, 0)
N, H = symbol("N"), symbol("H")


def there_and_back(
    shape: tuple[Dim, ...], back: tuple[Dim, ...] | None = None, **arguments: Any
) -> tuple[Value, Builder]:
    """What comes out of conv and then of the same conv transposed; `back` feeds another shape into the latter."""
    b = Builder(DEFAULT_LIMITS)
    x = b.value(TensorType("f32", shape))
    layer = ConvLayer(**arguments)
    first = OpenUse("conv", HERE, (), (x,))
    b.open(first)
    y = layer.build(b, (x,))
    z = y if back is None else b.value(TensorType("f32", back))
    b.open(OpenUse("transposed", HERE, (), (z,)))
    return transposed_conv(b, z, layer, first, bias=True, bias_init=FAN_IN), b


@pytest.mark.parametrize(
    ("shape", "arguments"),
    [
        ((2, 6, 9, 8), {"kernel": 3}),
        # Of the sizes that one stride maps to one, the transposed layer must pick the right one.
        *(((2, 6, size), {"kernel": 3, "stride": 3, "pad": 1}) for size in range(7, 13)),
        ((2, 6, 9, 8), {"kernel": 2, "stride": 3, "pad": Word("same_upper")}),
        ((2, 6, 9, 8), {"kernel": 3, "dilation": 2, "groups": 2}),
        ((2, 5, 6, 9, 8), {"kernel": 3, "stride": 2}),
        ((N, 6, H, H), {"kernel": 3, "pad": Word("same")}),
    ],
)
def test_there_and_back(shape: tuple[Dim, ...], arguments: dict[str, Any]) -> None:
    z, b = there_and_back(shape, maps=4, **arguments)
    assert z.type.shape == shape
    assert set(b.uses[0].made) == {"weight", "bias"}
    assert [(name, made.value.type.shape) for name, made in b.uses[1].made.items()] == [("bias", (6,))]


def test_macs_are_those_of_the_layer() -> None:
    _, b = there_and_back((2, 6, 9, 8), maps=4, kernel=3, stride=2, groups=2)
    graph = b.finish((), (), (), ["a", "b"])
    macs = [n.op.macs(tuple(v.type for v in n.ins), tuple(v.type for v in n.outs)).value for n in graph.nodes]
    # 4·3·9 weights at 4·3 positions of 2 images.
    assert macs == [2_592, 2_592]


def test_what_is_refused() -> None:
    with pytest.raises(OpError, match="the transposed layer reads 4 channels"):
        there_and_back((2, 6, 9, 8), (2, 5, 7, 6), maps=4, kernel=3)
    with pytest.raises(OpError, match="an output of height 9 cannot be made of an input of height 6, which gives 8"):
        there_and_back((2, 6, 9, 8), (2, 4, 6, 6), maps=4, kernel=3)
    with pytest.raises(OpError, match="`connect` table"):
        there_and_back((2, 1, 9, 8), maps=1, kernel=3, connect=((0,),))
