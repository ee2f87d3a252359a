"""The layer `global_maxpool`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.images import on_images
from ..graph.layer import Layer
from ..ops.global_pool import GlobalMaxPool


class GlobalMaxPoolLayer(Layer):
    """The maximum of each map; the spatial dimensions stay as 1.

    Shapes: [N, channels, height, width] → [N, channels, 1, 1]; [N, channels, length] → [N, channels, 1]; and every
    step of [N, T, channels, height, width].
    Parameters: none. MACs: none. FLOPs: (height × width − 1) comparisons per map.
    Source: Oquab et al. 2015, "Is object localization for free?"; over time: Collobert et al. 2011.
    Example: `global_maxpool -> flatten -> fc(20)`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return on_images(b, ins, lambda images: b(GlobalMaxPool(), images[0]))
