"""The layer `silu`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.activations import Silu


class SiluLayer(Layer):
    """x · sigmoid(x), also called swish.

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 5 per element.
    Source: Elfwing et al. 2017; Ramachandran et al. 2017.
    Example: `conv(32, 3) -> silu`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(Silu(), ins[0])
