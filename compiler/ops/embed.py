"""Looking rows up in a table."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph.field import Field
from ..graph.formula import NOTHING, Formula
from ..graph.op import Op, OpError, Types, primitive


@primitive
class Embed(Op):
    """y[…, :] = weight[x[…], :]: x holds whole numbers below vocab, weight is [vocab, features]."""

    operands = ("x", "weight")

    def infer(self, ins: Types) -> Types:
        x, w = ins
        if x.dtype != "i64":
            raise OpError(
                "element-type",
                f"`embed` looks up whole numbers, the input is {x}",
                operand=0,
                help="declare the input as i64: `input text: i64[N, T]`",
            )
        return (w.with_shape(*x.shape, w.shape[1]),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed: rows are copied."""
        return NOTHING

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return None
