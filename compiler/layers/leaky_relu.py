"""The layer `leaky_relu`."""

from __future__ import annotations

from ..graph.arguments import Real
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.unary import LeakyRelu


class LeakyReluLayer(Layer):
    """x where x > 0, else slope · x.

    `slope` is the factor below 0.

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 2 per element.
    Source: Maas et al. 2013, "Rectifier nonlinearities improve neural network acoustic models".
    Example: `conv(64, 3) -> leaky_relu(0.1)`
    """

    slope: Real = 0.01

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(LeakyRelu(self.slope), ins[0])
