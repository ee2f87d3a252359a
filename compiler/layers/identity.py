"""The layer `identity`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer


class Identity(Layer):
    """The input as it is.

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: none.
    Source: the language; it stands for an empty branch.
    Example: `(conv(8, 3, pad = half), identity) -> concat`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return ins[0]
