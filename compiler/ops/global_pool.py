"""Pooling over all positions of each map."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph.dims import Poly
from ..graph.field import Field, through, whole
from ..graph.formula import Formula, named
from ..graph.op import Op, Types, elements, primitive


class GlobalPool(Op):
    """Pools x [N, channels, …] to one number for each map; the spatial dimensions stay as 1."""

    operands = ("x",)

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        return (x.with_shape(*x.shape[:2], *(1 for _ in x.shape[2:])),)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        extents = [extent for extent in ins[0].shape[2:] if not isinstance(extent, Poly)]
        return through(fields[0], map(whole, extents)) if len(extents) == ins[0].rank - 2 else None


@primitive
class GlobalMaxPool(GlobalPool):
    """The maximum of each map."""

    def flops(self, ins: Types, outs: Types) -> Formula:
        """One comparison less than a map has positions, for each map."""
        return elements(ins[0]) - named("maps × batch", outs[0].elements)


@primitive
class GlobalAvgPool(GlobalPool):
    """The mean of each map."""

    def flops(self, ins: Types, outs: Types) -> Formula:
        """One addition less than a map has positions, and one division, for each map."""
        return elements(ins[0])
