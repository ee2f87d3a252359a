"""A factor and a shift for each channel."""

from __future__ import annotations

from ..graph.formula import Formula
from ..graph.images import want_float
from ..graph.op import Op, OpError, Types, per_element, primitive


@primitive
class ChannelScale(Op):
    """y = weight · x + bias, with one number of weight, and of bias if given, for each position of dimension `axis`."""

    operands = ("x", "weight", "bias")
    axis: int

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        for vector in ins[1:]:
            if vector.shape != (ins[0].shape[self.axis],):
                raise OpError("shape-mismatch", f"{vector} does not have one number for each channel of {ins[0]}")
        return (ins[0],)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A multiplication per element, and an addition where there is a bias."""
        return per_element(len(ins) - 1, outs[0])


@primitive
class Normalize(Op):
    """y = (x − mean) / std with fixed numbers: one for all, or one for each position of dimension `axis`."""

    operands = ("x",)
    axis: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A subtraction and a division per element."""
        return per_element(2, outs[0])
