"""The layer `maxpool`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..graph.arguments import Extent, Flag, Padding
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.images import on_images
from ..graph.layer import Layer
from ..graph.window import check_same, windows
from ..ops.pool import MaxPool

if TYPE_CHECKING:
    from dataclasses import KW_ONLY


class MaxPoolLayer(Layer):
    """The maximum of each window, map by map.

    `kernel` is the size of the window, which moves by `stride` (by default its own size) and reads every `dilation`-th
    position. `pad` is as for `conv`, smaller than the kernel, and never wins. Sizes are rounded down, or up with
    `ceil = yes`, where a window that would start in the end padding is dropped.

    Shapes: [N, channels, height, width] → [N, channels, height', width'], where
    height' = ⌊(height + top + bottom − dilation·(kernel − 1) − 1) / stride⌋ + 1; [N, channels, length] likewise, and
    every step of [N, T, channels, height, width].
    Parameters: none. MACs: none. FLOPs: (kernel height × kernel width − 1) comparisons per output element.
    Source: Yamaguchi et al. 1990; Ranzato et al. 2007.
    Example: `maxpool(3, stride = 2)`
    """

    kernel: Extent
    stride: Extent | None = None
    _: KW_ONLY
    dilation: Extent = 1
    pad: Padding = 0
    ceil: Flag = False

    def check(self) -> None:
        check_same(self.kernel, self.stride or self.kernel, self.pad)

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return on_images(b, ins, lambda images: self._pool(b, images[0]))

    def _pool(self, b: Builder, x: Value) -> Value:
        sliding = windows(self.kernel, self.stride or self.kernel, self.dilation, self.pad, x.type.shape[2:])
        return b(MaxPool(sliding, self.ceil), x)
