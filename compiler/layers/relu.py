"""The layer `relu`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.unary import Relu


class ReluLayer(Layer):
    """The rectifier, max(x, 0).

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 1 per element.
    Source: Nair and Hinton 2010, "Rectified linear units improve restricted Boltzmann machines".
    Example: `conv(64, 3) -> relu`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(Relu(), ins[0])
