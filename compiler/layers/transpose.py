"""The layer `transpose`."""

from __future__ import annotations

from ..graph.arguments import Counts
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..graph.op import OpError
from ..ops.shape import Transpose


class TransposeLayer(Layer):
    """The dimensions in another order; N stays first.

    `order` lists the dimensions of the input in the order of the output, starting with 0 for N; without it the two
    dimensions after N of a rank 3 input change places, which turns [N, T, features] into [N, channels, length].

    Shapes: [N, a, b] → [N, b, a].
    Parameters: none. MACs: none. FLOPs: none.
    Source: elementary.
    Example: `embed(96, 64) -> transpose -> conv(128, 3)`
    """

    order: Counts | None = None

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        (x,) = ins
        order = self.order or (0, 2, 1)
        if self.order is None and x.type.rank != 3:
            raise OpError(
                "missing-argument", f"`transpose` of {x.type} needs an order", help="write `transpose([0, 2, 3, 1])`"
            )
        if order[0] != 0 or sorted(order) != list(range(x.type.rank)):
            raise OpError(
                "bad-argument",
                f"the order {list(order)} does not name each dimension of {x.type} once, N first",
                argument="order",
                help=f"it holds the numbers 0 to {x.type.rank - 1} once each, starting with 0",
            )
        return b(Transpose(order), x)
