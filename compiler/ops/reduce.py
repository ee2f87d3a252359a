"""Reductions along one dimension."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph.field import Field
from ..graph.formula import Formula, named
from ..graph.images import want_float
from ..graph.op import Op, Types, primitive


@primitive
class Mean(Op):
    """The mean along `axis`, which is left out of the result."""

    operands = ("x",)
    axis: int

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        want_float(x)
        return (x.with_shape(*(size for place, size in enumerate(x.shape) if place != self.axis)),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """An addition for each element that is summed, and a division for each mean."""
        return named("elements in", ins[0].elements) + named("means", outs[0].elements)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return None
