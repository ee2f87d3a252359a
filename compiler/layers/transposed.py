"""The layer `transposed`."""

from __future__ import annotations

from ..graph.arguments import Flag, Instance
from ..graph.builder import Builder
from ..graph.dims import Poly
from ..graph.graph import Value
from ..graph.images import want_float
from ..graph.initial import FAN_IN, Initial
from ..graph.layer import Layer
from ..graph.op import OpError
from ..ops.linear import Linear
from .conv import ConvLayer
from .fc import Fc


class Transposed(Layer):
    """The weights of another layer, used transposed: the way back through it, as in a tied autoencoder.

    `layer` is a layer named by `let` that has been used before; `bias` says whether there is a bias, which is this
    layer's own. For `fc`: y = x · W + b. For `conv`: the transposed convolution whose result has the size of that
    layer's input.

    Shapes: those of the layer, the other way round.
    Parameters: the bias alone; the weights count where they were made. MACs: those of the layer.
    FLOPs: 2 × MACs + one per bias added.
    Source: Hinton and Salakhutdinov 2006; Masci et al. 2011, "Stacked convolutional auto-encoders".
    Example: `x -> f -> relu -> transposed(f)`
    """

    layer: Instance
    bias: Flag = True
    bias_init: Initial = FAN_IN

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        (x,) = ins
        want_float(x.type)
        made, first = self.layer.layer, self.layer.first
        if len(first.ins) != 1:
            raise OpError(
                "bad-argument",
                "only a layer with one input can be used transposed",
                argument="layer",
                help="use a layer with one input",
            )
        if isinstance(made, ConvLayer):
            from .deconv import transposed_conv

            return transposed_conv(b, x, made, first, bias=self.bias, bias_init=self.bias_init)
        if not isinstance(made, Fc):
            raise OpError(
                "bad-argument",
                "only `fc` and `conv` can be used transposed",
                argument="layer",
                help="write `let f = fc(64)`, use f, then `transposed(f)`",
            )
        weight = first.made["weight"].value
        features = weight.type.shape[1]
        if x.type.rank not in (2, 3) or x.type.shape[-1] != weight.type.shape[0]:
            raise OpError(
                "shape-mismatch",
                f"the transposed layer reads {weight.type.shape[0]} features, the input is {x.type}",
                operand=0,
                help="feed it what the layer itself made",
            )
        if not self.bias:
            return b(Linear(transposed=True), x, weight)
        fan = (made.units, 1 if isinstance(features, Poly) else features)
        return b(Linear(transposed=True), x, weight, b.param("bias", {"units": features}, self.bias_init, fan))
