"""The layer `sqrt`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.unary import Sqrt


class SqrtLayer(Layer):
    """The square root; the input must not be negative.

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 1 per element.
    Source: elementary.
    Example: `sqrt`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(Sqrt(), ins[0])
