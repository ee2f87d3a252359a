"""The layer `avgpool`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..graph.arguments import Extent, Flag, Padding
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.images import on_images
from ..graph.layer import Layer
from ..graph.window import check_same, windows
from ..ops.pool import AvgPool

if TYPE_CHECKING:
    from dataclasses import KW_ONLY


class AvgPoolLayer(Layer):
    """The mean of each window, map by map.

    `kernel`, `stride`, `dilation`, `pad` and `ceil` are those of `maxpool`. The mean is over the positions of the
    window that lie in the padded input (PyTorch's default), or with `count_pad = no` over those in the input itself
    (the default of ONNX and TensorFlow); what `ceil` lets hang over the end padding counts in neither.

    Shapes: [N, channels, height, width] → [N, channels, height', width'], where
    height' = ⌊(height + top + bottom − dilation·(kernel − 1) − 1) / stride⌋ + 1; [N, channels, length] likewise, and
    every step of [N, T, channels, height, width].
    Parameters: none. MACs: none. FLOPs: kernel height × kernel width per output element (its additions and a division).
    Source: LeCun et al. 1990.
    Example: `avgpool(2)`
    """

    kernel: Extent
    stride: Extent | None = None
    _: KW_ONLY
    dilation: Extent = 1
    pad: Padding = 0
    ceil: Flag = False
    count_pad: Flag = True

    def check(self) -> None:
        check_same(self.kernel, self.stride or self.kernel, self.pad)

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return on_images(b, ins, lambda images: self._pool(b, images[0]))

    def _pool(self, b: Builder, x: Value) -> Value:
        sliding = windows(self.kernel, self.stride or self.kernel, self.dilation, self.pad, x.type.shape[2:])
        return b(AvgPool(sliding, self.ceil, self.count_pad), x)
