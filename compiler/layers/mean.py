"""The layer `mean`."""

from __future__ import annotations

from ..graph.arguments import Positive
from ..graph.axes import pick_axis
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.reduce import Mean


class MeanLayer(Layer):
    """The mean along one dimension, which the result lacks.

    `axis` is the dimension: by default 1 for rank 4, 2 for rank 5, else the last; the mean over the steps of
    [N, T, features] is `mean(axis = 1)`.

    Shapes: [N, …] → one dimension fewer.
    Parameters: none. MACs: none. FLOPs: 1 per element of the input and 1 per mean.
    Source: elementary.
    Example: `mean(axis = 1)`
    """

    axis: Positive | None = None

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(Mean(pick_axis(self.axis, ins[0].type)), ins[0])
