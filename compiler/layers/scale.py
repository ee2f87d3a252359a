"""The layer `scale`."""

from __future__ import annotations

from ..graph.arguments import Flag
from ..graph.axes import channel_axis
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.images import want_float
from ..graph.initial import ONES, ZEROS
from ..graph.layer import Layer
from ..ops.channels import ChannelScale


class Scale(Layer):
    """A trained factor and shift for each channel: y = weight · x + bias.

    `bias` says whether there is a shift. Weights: `weight` and `bias`, each (channels).

    Shapes: [N, channels, …], [N, T, channels, height, width] → the same.
    Parameters: 2 × channels. MACs: none. FLOPs: 2 per element, 1 without bias.
    Source: the Scale layer of Caffe (Jia et al. 2014).
    Example: `conv(8, 3) -> scale`
    """

    bias: Flag = True

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        (x,) = ins
        want_float(x.type)
        axis = channel_axis(x.type)
        channels = {"channels": x.type.shape[axis]}
        values = [b.param("weight", channels, ONES)]
        if self.bias:
            values.append(b.param("bias", channels, ZEROS))
        return b(ChannelScale(axis), x, *values)
