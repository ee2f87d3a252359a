"""The layer `softmax`."""

from __future__ import annotations

from ..graph.arguments import Positive
from ..graph.axes import pick_axis
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.softmax import Softmax


class SoftmaxLayer(Layer):
    """e^xᵢ / Σ e^xⱼ along one dimension.

    `axis` is the dimension: by default 1 for rank 4, 2 for rank 5, else the last.

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 5 per element (compare, subtract, exponential, sum, divide).
    Source: Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs".
    Example: `fc(10) -> softmax`
    """

    axis: Positive | None = None

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(Softmax(pick_axis(self.axis, ins[0].type)), ins[0])
