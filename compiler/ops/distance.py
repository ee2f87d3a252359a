"""Distances between vectors."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph.field import Field
from ..graph.formula import Formula, named
from ..graph.op import Op, OpError, Types, primitive


@primitive
class SquaredDistance(Op):
    """y[…, i] = Σ (x[…, f] − codes[i, f])² over the features f: x [N, …, features], codes [classes, features]."""

    operands = ("x", "codes")

    def infer(self, ins: Types) -> Types:
        x, codes = ins
        if x.shape[-1] != codes.shape[1]:
            raise OpError(
                "shape-mismatch", f"the codes have {codes.shape[1]} features, the input {x.shape[-1]}", operand=0
            )
        return (x.with_shape(*x.shape[:-1], codes.shape[0]),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """For each distance: a subtraction and a multiplication for each feature, and one addition less than that."""
        return (3 * named("features", ins[1].shape[1]) - 1) * named("distances", outs[0].elements)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return None
