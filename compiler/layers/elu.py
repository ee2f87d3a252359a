"""The layer `elu`."""

from __future__ import annotations

from ..graph.arguments import Real
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.activations import Elu


class EluLayer(Layer):
    """x where x > 0, else alpha · (eˣ − 1).

    `alpha` is minus the limit for small x.

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 4 per element.
    Source: Clevert et al. 2015, "Fast and accurate deep network learning by exponential linear units".
    Example: `conv(64, 3) -> elu`
    """

    alpha: Real = 1

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(Elu(self.alpha), ins[0])
