"""The layer `sigmoid`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.unary import Sigmoid


class SigmoidLayer(Layer):
    """The logistic function, 1 / (1 + e⁻ˣ).

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 4 (negate, exponential, add, divide) per element.
    Source: elementary.
    Example: `fc(10) -> sigmoid`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(Sigmoid(), ins[0])
