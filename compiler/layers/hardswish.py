"""The layer `hardswish`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.activations import HardSwish


class HardSwishLayer(Layer):
    """x · min(max(x + 3, 0), 6) / 6.

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 5 per element.
    Source: Howard et al. 2019, "Searching for MobileNetV3".
    Example: `conv(16, 3) -> hardswish`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(HardSwish(), ins[0])
