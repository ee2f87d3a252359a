"""Convolution in which each output map reads only some of the input maps."""

from __future__ import annotations

from ..graph.formula import Formula, named, times
from ..graph.op import OpError, Types, primitive
from ..graph.window import Window
from .sliding import Sliding, positions


@primitive
class ConnectedConv(Sliding):
    """Like Conv, where `table[m]` lists the input maps that map m reads; w is [connections, …kernel].

    w holds one kernel per connection, those of the first output map first, in the order of its list.
    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, table I.
    """

    operands = ("x", "weight", "bias")
    windows: tuple[Window, ...]
    table: tuple[tuple[int, ...], ...]

    def infer(self, ins: Types) -> Types:
        x, w = ins[:2]
        connections = sum(len(row) for row in self.table)
        if w.shape[0] != connections:
            raise OpError("shape-mismatch", f"the table has {connections} connections, the weight {w.shape[0]}")
        return (x.with_shape(x.shape[0], len(self.table), *(size.value for _, size in self.outputs(x))),)

    def macs(self, ins: Types, outs: Types) -> Formula:
        """The kernel of each connection at each output position; taps in the padding count too."""
        return times((*self.kernel(), named("connections", ins[1].shape[0]), *positions("output", outs[0])))

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A multiplication and an addition for each multiply-accumulate, and one addition for each bias added."""
        twice = 2 * named("MACs", self.macs(ins, outs).value)
        return twice + named("bias additions", outs[0].elements) if len(ins) == 3 else twice
