"""The layer `global_avgpool`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.images import on_images
from ..graph.layer import Layer
from ..ops.global_pool import GlobalAvgPool


class GlobalAvgPoolLayer(Layer):
    """The mean of each map; the spatial dimensions stay as 1.

    Shapes: [N, channels, height, width] → [N, channels, 1, 1]; [N, channels, length] → [N, channels, 1]; and every
    step of [N, T, channels, height, width].
    Parameters: none. MACs: none. FLOPs: height × width per map (its additions and a division).
    Source: Lin, Chen, Yan 2014, "Network in network", section 3.2.
    Example: `global_avgpool -> flatten -> fc(1000)`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return on_images(b, ins, lambda images: b(GlobalAvgPool(), images[0]))
