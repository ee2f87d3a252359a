"""The layer `dropout`."""

from __future__ import annotations

from typing import Literal

from ..graph.arguments import Probability
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.dropout import Dropout


class DropoutLayer(Layer):
    """In training, values are set to 0 at random; at inference nothing happens.

    `rate` is the probability of a 0; what stays is divided by 1 − rate. `per` is `value`, or `sample` to drop whole
    samples at once, as stochastic depth does.

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: none at inference.
    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting"; per sample:
    Huang et al. 2016, "Deep networks with stochastic depth".
    Example: `fc(4096) -> relu -> dropout(0.5)`
    """

    rate: Probability
    per: Literal["value", "sample"] = "value"

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(Dropout(self.rate, self.per == "sample"), ins[0])
