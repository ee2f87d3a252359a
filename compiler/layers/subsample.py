"""The layer `subsample`."""

from __future__ import annotations

from ..graph.arguments import Extent
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.images import number_of_channels, on_images
from ..graph.initial import ONES, ZEROS
from ..graph.layer import Layer
from ..graph.window import windows
from ..ops.channels import ChannelScale
from ..ops.pool import AvgPool


class Subsample(Layer):
    """Average pooling with one trained coefficient and one bias for each map: y = weight · mean + bias.

    `kernel` is the size of the window, which moves by `stride` (by default its own size). LeCun 1998 adds the inputs of
    a window instead of averaging them, so its coefficients are this layer's divided by the size of the window. Its
    sigmoid is a layer of its own. Weights: `weight` and `bias`, each (channels), starting from 1 and 0.

    Shapes: [N, channels, height, width] → [N, channels, height', width'], where
    height' = ⌊(height − kernel) / stride⌋ + 1; [N, channels, length] likewise, and every step of
    [N, T, channels, height, width].
    Parameters: 2 × channels. MACs: none. FLOPs: kernel height × kernel width + 2 per output element.
    Source: LeCun, Bottou, Bengio, Haffner 1998, section II.B, layers S2 and S4.
    Example: `subsample(2) -> tanh`
    """

    kernel: Extent
    stride: Extent | None = None

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return on_images(b, ins, lambda images: self._pool(b, images[0]))

    def _pool(self, b: Builder, x: Value) -> Value:
        channels = {"maps": number_of_channels(x)}
        sliding = windows(self.kernel, self.stride or self.kernel, 1, 0, x.type.shape[2:])
        weight, bias = b.param("weight", channels, ONES), b.param("bias", channels, ZEROS)
        return b(ChannelScale(1), b(AvgPool(sliding), x), weight, bias)
