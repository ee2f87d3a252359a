"""The layer `exp`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.unary import Exp


class ExpLayer(Layer):
    """The exponential function, eˣ.

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 1 per element.
    Source: elementary.
    Example: `exp`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(Exp(), ins[0])
