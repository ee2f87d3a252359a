"""The layer `concat`."""

from __future__ import annotations

from ..graph.arguments import Positive
from ..graph.axes import pick_axis
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.shape import Concat


class ConcatLayer(Layer):
    """Several inputs, one after the other along one dimension.

    `axis` is the dimension: by default 1 (the channels) for rank 4, 2 for rank 5, else the last. All other dimensions
    are equal.

    Shapes: [N, a, …], [N, b, …] → [N, a + b, …].
    Parameters: none. MACs: none. FLOPs: none.
    Source: Szegedy et al. 2014, "Going deeper with convolutions".
    Example: `(conv(64, 1), conv(128, 3, pad = half)) -> concat`
    """

    arity = (1, None)
    axis: Positive | None = None

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(Concat(pick_axis(self.axis, ins[0].type)), *ins)
