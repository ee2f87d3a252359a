"""The layer `relu6`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.unary import Clip


class Relu6Layer(Layer):
    """The rectifier capped at 6, min(max(x, 0), 6).

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 2 per element.
    Source: Krizhevsky 2010; used by MobileNet V2 (Sandler et al. 2018).
    Example: `conv(32, 3) -> relu6`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(Clip(0, 6), ins[0])
