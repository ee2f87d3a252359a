"""The layer `crop`."""

from __future__ import annotations

from ..graph.arguments import Extent
from ..graph.builder import Builder
from ..graph.dims import Dim, Poly, Shape
from ..graph.graph import Value
from ..graph.images import on_images, want_image
from ..graph.layer import Layer
from ..graph.op import OpError
from ..graph.window import AXIS_NAMES, per_axis, unbound
from ..ops.pad import Crop


class CropLayer(Layer):
    """The middle of an image, cut out to an extent or to the extent of a second input.

    `extent` is the size to cut to, `crop(24)` or `crop(24x32)`; `(x, like) -> crop` cuts x to the height and width of
    `like`. Where
    an odd number of positions goes, the one more goes at the end.

    Shapes: [N, channels, height, width] → [N, channels, the height and width asked for]; [N, channels, length]
    likewise, and every step of [N, T, channels, height, width].
    Parameters: none. MACs: none. FLOPs: none.
    Source: Ronneberger, Fischer, Brox 2015, "U-Net", figure 1.
    Example: `(skip, up) -> crop`
    """

    arity = (1, 2)
    extent: Extent | None = None

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        x, *like = ins
        if bool(like) == (self.extent is not None):
            raise OpError(
                "bad-argument",
                "`crop` takes an extent, or a second input to take it from, and just one of them",
                argument="extent" if like else None,
                help="write `crop(24x24)` or `(x, like) -> crop`",
            )
        for operand, image in enumerate(ins):
            want_image(image, operand)
        axes = 1 if x.type.rank == 3 else 2
        if self.extent is not None:
            sizes: Shape = per_axis(self.extent, axes, "extent")
        else:
            sizes = like[0].type.shape[-axes:]
            if like[0].type.rank != x.type.rank:
                raise OpError(
                    "shape-mismatch",
                    f"{x.type} is to be cut to the size of {like[0].type}, of another rank",
                    operand=1,
                    help="both inputs of `crop` need the same number of dimensions",
                )
        extents = zip(AXIS_NAMES[axes], x.type.shape[-axes:], sizes, strict=True)
        op = Crop(tuple(self._cut(*axis) for axis in extents))
        return on_images(b, (x,), lambda images: b(op, images[0]))

    def _cut(self, axis: str, extent: Dim, size: Dim) -> tuple[int, int]:
        away = extent - size
        if isinstance(away, Poly):
            symbolic = extent if isinstance(extent, Poly) else away
            raise unbound(axis, symbolic, f"cutting {size} from its middle needs a number")
        if away < 0:
            raise OpError(
                "shape-mismatch",
                f"an input of {axis} {extent} cannot be cut to {size}",
                operand=0,
                argument="extent",
                help="the input of `crop` must be the larger one; `pad` makes images larger",
            )
        return away // 2, away - away // 2
