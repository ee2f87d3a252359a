"""The layer `pad`."""

from __future__ import annotations

from ..graph.arguments import Margins
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.images import on_images
from ..graph.layer import Layer
from ..graph.window import pad_pairs
from ..ops.pad import Pad


class PadLayer(Layer):
    """Zeros around an image.

    `pad` is `k` on every side, `(h, w)`, `(top, bottom, left, right)`, or for one spatial dimension `(before, after)`.

    Shapes: [N, channels, height, width] → [N, channels, height + top + bottom, width + left + right];
    [N, channels, length] likewise, and every step of [N, T, channels, height, width].
    Parameters: none. MACs: none. FLOPs: none.
    Source: elementary.
    Example: `pad((0, 1, 0, 1)) -> conv(32, 3, stride = 2)`
    """

    pad: Margins

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return on_images(b, ins, lambda images: b(Pad(pad_pairs(self.pad, images[0].type.rank - 2)), images[0]))
