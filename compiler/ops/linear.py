"""The product of features with a weight matrix."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph.field import Field
from ..graph.formula import Formula, named, times
from ..graph.op import Op, OpError, Types, primitive


@primitive
class Linear(Op):
    """y = x · wᵀ + bias over the last dimension: x [N, …, in], w [out, in], bias [out] if given.

    With `transposed`, w is [in, out] and y = x · w + bias.
    """

    operands = ("x", "weight", "bias")
    transposed: bool = False

    def infer(self, ins: Types) -> Types:
        x, w = ins[:2]
        units, features = w.shape[::-1] if self.transposed else w.shape
        if x.shape[-1] != features:
            raise OpError(
                "shape-mismatch", f"the weight reads {features} features, the input {x} has {x.shape[-1]}", operand=0
            )
        return (x.with_shape(*x.shape[:-1], units),)

    def macs(self, ins: Types, outs: Types) -> Formula:
        x, y = ins[0], outs[0]
        names = ("batch", "steps") if x.rank == 3 else ("batch",)
        return times(
            (
                named("features in", x.shape[-1]),
                named("features out", y.shape[-1]),
                *(named(name, size) for name, size in zip(names, x.shape[:-1], strict=True)),
            )
        )

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A multiplication and an addition for each multiply-accumulate, and one addition for each bias added."""
        twice = 2 * named("MACs", self.macs(ins, outs).value)
        return twice + named("bias additions", outs[0].elements) if len(ins) == 3 else twice

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return None
