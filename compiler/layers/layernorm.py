"""The layer `layernorm`."""

from __future__ import annotations

from ..graph.arguments import Flag, Real
from ..graph.axes import no_features
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.images import want_float
from ..graph.initial import ONES, ZEROS
from ..graph.layer import Layer
from ..graph.op import OpError
from ..ops.layernorm import LayerNorm


class LayerNormLayer(Layer):
    """Each vector of features brought to mean 0 and variance 1, then scaled and shifted per feature.

    `eps` is added to the biased variance; `scale` and `shift` say whether there is a trained factor and shift.
    Weights: `weight` and `bias`, each (features).

    Shapes: [N, …, features] → the same.
    Parameters: 2 × features. MACs: none. FLOPs: 8 per element (6 without scale and shift) and 5 per vector.
    Source: Ba et al. 2016, "Layer normalization".
    Example: `fc(256) -> layernorm -> relu`
    """

    eps: Real = 1e-5
    scale: Flag = True
    shift: Flag = True

    def check(self) -> None:
        if not 0 < self.eps < 1:
            message = f"`eps` of `layernorm` is a small number above 0, not {self.eps}"
            raise OpError("bad-argument", message, argument="eps", help="write `1e-5`")

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        (x,) = ins
        want_float(x.type)
        if x.type.rank < 2:
            raise no_features(x.type)
        features = {"features": x.type.shape[-1]}
        values = [b.param("weight", features, ONES)] if self.scale else []
        if self.shift:
            values.append(b.param("bias", features, ZEROS))
        return b(LayerNorm(self.eps, self.scale, self.shift), x, *values)
