"""Convolution on one or two spatial dimensions."""

from __future__ import annotations

from ..graph.formula import Formula, named, times
from ..graph.op import OpError, Types, primitive
from ..graph.window import Window
from .sliding import Sliding, positions


@primitive
class Conv(Sliding):
    """Cross-correlation of x [N, channels, …] with w [maps, channels / groups, …kernel], and a bias [maps] if given.

    y[n, m, i] = b[m] + Σ w[m, c, k] · x[n, c, stride·i + dilation·k − before], over the channels c of m's group and
    the kernel positions k; `windows` holds one window per spatial dimension.
    """

    operands = ("x", "weight", "bias")
    windows: tuple[Window, ...]
    groups: int = 1

    def infer(self, ins: Types) -> Types:
        x, w = ins[:2]
        if x.shape[1] != w.shape[1] * self.groups:
            raise OpError("shape-mismatch", f"the weight reads {w.shape[1] * self.groups} channels, x has {x.shape[1]}")
        return (x.with_shape(x.shape[0], w.shape[0], *(size.value for _, size in self.outputs(x))),)

    def macs(self, ins: Types, outs: Types) -> Formula:
        """Each weight at each output position; taps in the padding count too."""
        maps_in = named("maps in per group" if self.groups > 1 else "maps in", ins[1].shape[1])
        return times((*self.kernel(), maps_in, named("maps out", ins[1].shape[0]), *positions("output", outs[0])))

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A multiplication and an addition for each multiply-accumulate, and one addition for each bias added."""
        twice = 2 * named("MACs", self.macs(ins, outs).value)
        return twice + named("bias additions", outs[0].elements) if len(ins) == 3 else twice
