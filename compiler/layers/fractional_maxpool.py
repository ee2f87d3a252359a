"""The layer `fractional_maxpool`."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from ..graph.arguments import Count, Extent, Real
from ..graph.builder import Builder
from ..graph.dims import Dim, Poly
from ..graph.graph import Value
from ..graph.images import on_images
from ..graph.layer import Layer
from ..graph.op import OpError
from ..graph.window import AXIS_NAMES, per_axis, unbound
from ..ops.fractional_pool import FractionalMaxPool, offsets

if TYPE_CHECKING:
    from dataclasses import KW_ONLY


class FractionalMaxPoolLayer(Layer):
    """The maximum of each region of an uneven grid, which makes images smaller by a factor that need not be whole.

    Give `factor`, from 1 up (an input of 25 and a factor of 1.4 give ⌊25 / 1.4⌋ = 17), or `size`, the size of the
    output. Regions are disjoint, ⌊α⌋ or ⌈α⌉ wide with α = input / output, and where the wide ones fall follows from
    `seed` alone: the grid is the same in training and at inference, and on every machine.

    Region i starts at ⌈α(i + u)⌉ − ⌈αu⌉ on each axis, where u is 2⁻⁶⁴ times the axis's number of SplitMix64, begun at
    the seed.

    Shapes: [N, channels, height, width] → [N, channels, ⌊height / factor⌋, ⌊width / factor⌋] or the size given;
    [N, channels, length] likewise, and every step of [N, T, channels, height, width].
    Parameters: none. MACs: none. FLOPs: one comparison per input element, less one per output element.
    Source: Graham 2014, "Fractional max-pooling", section 2, the pseudo-random disjoint grid.
    Example: `fractional_maxpool(1.4, seed = 3)`
    """

    factor: Real | None = None
    _: KW_ONLY
    size: Extent | None = None
    seed: Count = 0

    def check(self) -> None:
        if (self.factor is None) == (self.size is None):
            raise OpError(
                "bad-argument",
                "`fractional_maxpool` takes a `factor` or a `size`, and just one of them",
                help="write `fractional_maxpool(1.4)` or `fractional_maxpool(size = 18)`",
            )
        if self.factor is not None and self.factor < 1:
            raise OpError(
                "bad-argument",
                f"`factor` is {self.factor}, which would make the image larger",
                argument="factor",
                help="write a number from 1 up; `upsample` makes images larger",
            )

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return on_images(b, ins, lambda images: self._pool(b, images[0]))

    def _pool(self, b: Builder, x: Value) -> Value:
        extents = x.type.shape[2:]
        if self.size is not None:
            regions = per_axis(self.size, len(extents), "size")
        else:
            regions = tuple(self._regions(*axis) for axis in zip(AXIS_NAMES[len(extents)], extents, strict=True))
        return b(FractionalMaxPool(regions, offsets(self.seed, len(extents))), x)

    def _regions(self, axis: str, extent: Dim) -> int:
        if isinstance(extent, Poly):
            raise unbound(axis, extent, "a fractional window needs a number to round")
        # The factor as it is written: 11 / 1.1 is 10, though the nearest float to 1.1 is a little larger.
        regions = extent // Fraction(str(self.factor))
        if regions < 1:
            raise OpError(
                "window",
                f"a factor of {self.factor} leaves nothing of an input of {axis} {extent}",
                operand=0,
                argument="factor",
                help=f"write a factor of at most {extent}",
            )
        return regions
