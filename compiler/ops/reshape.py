"""The same elements in another shape."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph.dims import Shape, product, show_shape
from ..graph.field import Field
from ..graph.formula import NOTHING, Formula
from ..graph.op import Op, OpError, Types, primitive
from ..graph.tensor import SPATIAL


@primitive
class Reshape(Op):
    """y has the elements of x in order, in `shape`."""

    operands = ("x",)
    shape: Shape

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        if product(self.shape) != x.elements:
            raise OpError(
                "shape-mismatch",
                f"{show_shape(x.shape)} has {x.elements} elements, {show_shape(self.shape)} has {product(self.shape)}",
                operand=0,
            )
        return (x.with_shape(*self.shape),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return NOTHING

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        """Kept where the spatial dimensions stay the last ones; elsewhere a place has no single field."""
        x, y = ins[0].shape, outs[0].shape
        axes = len(SPATIAL.get(len(x), ()))
        same = axes > 0 and len(SPATIAL.get(len(y), ())) == axes and x[-axes:] == y[-axes:]
        return fields[0] if same else None
