"""The layer `flatten`."""

from __future__ import annotations

from ..graph.builder import Builder
from ..graph.dims import product
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.reshape import Reshape


class Flatten(Layer):
    """All dimensions but N in one.

    Shapes: [N, a, b, …] → [N, a·b·…].
    Parameters: none. MACs: none. FLOPs: none.
    Source: elementary.
    Example: `conv(16, 5x5) -> flatten -> fc(120)`
    """

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        (x,) = ins
        return b(Reshape((x.type.shape[0], product(x.type.shape[1:]))), x)
