"""The layer `hardsigmoid`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.activations import HardSigmoid


class HardSigmoidLayer(Layer):
    """min(max(x/6 + 1/2, 0), 1).

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 4 per element.
    Source: Howard et al. 2019, "Searching for MobileNetV3".
    Example: `fc(64) -> hardsigmoid`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(HardSigmoid(), ins[0])
