"""The layer `gelu`."""

from __future__ import annotations

from typing import Literal

from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.layer import Layer
from ..ops.activations import Gelu, GeluTanh


class GeluLayer(Layer):
    """x · Φ(x), with Φ the distribution function of the standard normal distribution.

    `approximate` is `none` for the exact form with erf, or `tanh` for x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).

    Shapes: [N, …] → the same.
    Parameters: none. MACs: none. FLOPs: 5 per element, 8 with `approximate = tanh`.
    Source: Hendrycks and Gimpel 2016, "Gaussian error linear units".
    Example: `fc(256) -> gelu`
    """

    approximate: Literal["none", "tanh"] = "none"

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        return b(GeluTanh() if self.approximate == "tanh" else Gelu(), ins[0])
