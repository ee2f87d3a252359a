"""Dropout."""

from __future__ import annotations

from ..graph.formula import NOTHING, Formula
from ..graph.images import want_float
from ..graph.op import Op, Types, primitive


@primitive
class Dropout(Op):
    """In training each value (or, with `per_sample`, each whole sample) is 0 with probability `rate`, and what stays is
    divided by 1 − rate; at inference y = x (Srivastava et al. 2014, in the inverted form)."""

    operands = ("x",)
    rate: float
    per_sample: bool

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing at inference."""
        return NOTHING
