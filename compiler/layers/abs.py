"""The layer `abs`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.unary import Abs


class AbsLayer(Layer):
    """The absolute value, |x|.

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 1 per element.
    Source: elementary.
    Example: `abs`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(Abs(), ins[0])
