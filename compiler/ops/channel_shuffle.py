"""Channels in another order, so that groups meet."""

from __future__ import annotations

from ..graph.formula import NOTHING, Formula
from ..graph.op import Op, OpError, Types, primitive


@primitive
class ChannelShuffle(Op):
    """x [N, channels, …] with its channels read as a matrix [groups, channels / groups], which is transposed.

    Channel i of y is channel (i mod groups) · channels / groups + ⌊i / groups⌋ of x.
    Source: Zhang et al., "ShuffleNet", 2018, section 3.1.
    """

    operands = ("x",)
    groups: int

    def infer(self, ins: Types) -> Types:
        channels = ins[0].shape[1]
        if not isinstance(channels, int) or channels % self.groups:
            raise OpError("groups", f"{channels} channels cannot be divided into {self.groups} groups")
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed."""
        return NOTHING
