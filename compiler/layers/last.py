"""The layer `last`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..graph.op import OpError
from ..ops.shape import LastStep


class Last(Layer):
    """The last step of a sequence.

    Shapes: [N, T, …] → [N, …].
    Parameters: none. MACs: none. FLOPs: none.
    Source: the language.
    Example: `lstm(128) -> last -> fc(2)`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        (x,) = ins
        if x.type.rank < 3:
            raise OpError(
                "shape-mismatch",
                f"`last` takes the last step of [N, T, …], the input is {x.type}",
                operand=0,
                help="feed it a sequence",
            )
        return b(LastStep(), x)
