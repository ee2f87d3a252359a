"""The layer `channel_shuffle`."""

from __future__ import annotations

from ..graph.arguments import Positive
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.images import number_of_channels, on_images, per_group
from ..graph.layer import Layer
from ..ops.channel_shuffle import ChannelShuffle


class ChannelShuffleLayer(Layer):
    """Channels in another order, so that what comes out of each group of a convolution reaches every group of the next.

    The channels, read as a matrix of `groups` rows, are transposed: channel i of the output is channel
    (i mod groups) × channels / groups + ⌊i / groups⌋ of the input.

    Shapes: [N, channels, height, width] or [N, channels, length] → the same, and every step of
    [N, T, channels, height, width].
    Parameters: none. MACs: none. FLOPs: none.
    Source: Zhang, Zhou, Lin, Sun 2018, "ShuffleNet", section 3.1.
    Example: `conv(60, 1, groups = 3) -> channel_shuffle(3)`
    """

    groups: Positive

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return on_images(b, ins, lambda images: self._shuffle(b, images[0]))

    def _shuffle(self, b: Builder, x: Value) -> Value:
        per_group("input channels", number_of_channels(x), self.groups)
        return b(ChannelShuffle(self.groups), x)
