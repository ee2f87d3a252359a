"""The layer `log_softmax`."""

from __future__ import annotations

from ..graph.arguments import Positive
from ..graph.axes import pick_axis
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.softmax import LogSoftmax


class LogSoftmaxLayer(Layer):
    """The logarithm of softmax along one dimension, xᵢ − log Σ e^xⱼ.

    `axis` is the dimension: by default 1 for rank 4, 2 for rank 5, else the last.

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 5 per element (compare, subtract, exponential, sum, subtract) and 1 per row.
    Source: Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs".
    Example: `fc(10) -> log_softmax`
    """

    axis: Positive | None = None

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(LogSoftmax(pick_axis(self.axis, ins[0].type)), ins[0])
