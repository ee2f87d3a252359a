"""The layer `tanh`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.unary import Tanh


class TanhLayer(Layer):
    """The hyperbolic tangent.

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 1 per element.
    Source: elementary.
    Example: `conv(6, 5x5) -> tanh`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(Tanh(), ins[0])
