"""The layer `upsample`."""

from __future__ import annotations

from typing import Literal

from ..graph.arguments import Extent
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.images import on_images
from ..graph.layer import Layer
from ..graph.window import per_axis
from ..ops.upsample import Upsample


class UpsampleLayer(Layer):
    """Images made larger by a whole factor.

    `factor` is one number, or an extent such as `2x1`. `mode = nearest` repeats each position; `mode = bilinear` weighs
    the neighbours by their nearness, with half-pixel centres (PyTorch's `align_corners=False`); on one spatial
    dimension it is linear.

    Shapes: [N, channels, height, width] → [N, channels, factor × height, factor × width]; [N, channels, length]
    likewise, and every step of [N, T, channels, height, width].
    Parameters: none. MACs: none. FLOPs: nearest none; bilinear 7 per output element (four multiplications, three
    additions), along one dimension 3.
    Source: Odena, Dumoulin, Olah, "Deconvolution and checkerboard artifacts", Distill 2016.
    Example: `upsample(2, mode = bilinear)`
    """

    factor: Extent
    mode: Literal["nearest", "bilinear"] = "nearest"

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return on_images(b, ins, lambda images: self._upsample(b, images[0]))

    def _upsample(self, b: Builder, x: Value) -> Value:
        return b(Upsample(per_axis(self.factor, x.type.rank - 2, "factor"), self.mode), x)
