"""The layer `add`."""

from __future__ import annotations

from functools import reduce

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.arithmetic import Add


class AddLayer(Layer):
    """The elementwise sum of two or more inputs, as `a + b` writes it for two.

    The inputs have the same rank, and in each dimension equal sizes or 1 on one side.

    Shapes: [N, …], [N, …] → the larger size in each dimension.
    Parameters: none. MACs: none. FLOPs: 1 per element of the result for each input after the first.
    Source: elementary.
    Example: `(a, b) -> add`
    """

    arity = (2, None)

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return reduce(lambda left, right: b(Add(), left, right), ins)
