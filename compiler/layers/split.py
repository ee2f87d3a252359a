"""The layer `split`."""

from __future__ import annotations

from itertools import repeat

from ..graph.arguments import Parts, Positive
from ..graph.axes import pick_axis
from ..graph.builder import Builder
from ..graph.dims import Poly
from ..graph.graph import Value
from ..graph.layer import Layer
from ..graph.op import OpError
from ..ops.shape import Slice


class Split(Layer):
    """One input in several parts along one dimension.

    `parts` is their number, for parts of equal size, or the list of their sizes. `axis` is the dimension: by default 1
    (the channels) for rank 4, 2 for rank 5, else the last.

    Shapes: [N, a + b, …] → [N, a, …], [N, b, …].
    Parameters: none. MACs: none. FLOPs: none.
    Source: elementary.
    Example: `a, b = in -> split([24, 40])`
    """

    parts: Parts
    axis: Positive | None = None

    def build(self, b: Builder, ins: tuple[Value, ...]) -> tuple[Value, ...]:
        (x,) = ins
        axis = pick_axis(self.axis, x.type)
        size = x.type.shape[axis]
        if isinstance(size, Poly):
            raise OpError(
                "unbound-dimension",
                f"dimension {axis} of {x.type} is symbolic and cannot be split",
                operand=0,
                help=f"bind it: `--dim {size.symbols[0]}=…`, or split along another axis",
            )
        if isinstance(self.parts, int) and size % self.parts:
            raise OpError(
                "shape-mismatch",
                f"{size} in dimension {axis} of {x.type} cannot be divided into {self.parts} parts",
                argument="parts",
                help="give the sizes: `split([…])`",
            )
        if isinstance(self.parts, tuple) and sum(self.parts) != size:
            raise OpError(
                "shape-mismatch",
                f"the parts {list(self.parts)} make {sum(self.parts)}, dimension {axis} of {x.type} is {size}",
                argument="parts",
                help="the sizes of the parts add up to the size of the dimension",
            )
        values, start = [], 0
        for part in repeat(size // self.parts, self.parts) if isinstance(self.parts, int) else self.parts:
            values.append(b(Slice(axis, start, start + part), x))
            start += part
        return tuple(values)
