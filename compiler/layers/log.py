"""The layer `log`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.unary import Log


class LogLayer(Layer):
    """The natural logarithm; the input must be positive.

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 1 per element.
    Source: elementary.
    Example: `log`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(Log(), ins[0])
