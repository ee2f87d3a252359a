"""The layer `embed`."""

from __future__ import annotations

from ..graph.arguments import Positive
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.initial import Initial
from ..graph.layer import Layer
from ..ops.embed import Embed


class EmbedLayer(Layer):
    """A trained vector for each whole number: row x of a table.

    `vocab` is the number of rows, so the input holds numbers from 0 to vocab − 1; `features` the length of a row.
    Weights: `weight` (vocab, features), normally distributed at first.

    Shapes: i64 [N, …] → [N, …, features].
    Parameters: vocab × features. MACs: none. FLOPs: none.
    Source: Bengio et al. 2003, "A neural probabilistic language model".
    Example: `embed(96, 64)`
    """

    vocab: Positive
    features: Positive
    init: Initial = Initial("normal", (1.0, 0.0))

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        axes = {"vocabulary": self.vocab, "features": self.features}
        return b(Embed(), ins[0], b.param("weight", axes, self.init, (self.vocab, self.features)))
