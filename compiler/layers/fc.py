"""The layer `fc`."""

from __future__ import annotations

from ..graph.arguments import Bias, Positive
from ..graph.builder import Builder
from ..graph.dims import Poly
from ..graph.graph import Value
from ..graph.images import want_float
from ..graph.initial import FAN_IN, Initial
from ..graph.layer import Layer
from ..graph.op import OpError
from ..ops.arithmetic import Add
from ..ops.linear import Linear


class Fc(Layer):
    """Fully connected: y = x · Wᵀ + b, on a vector or on every step of a sequence.

    `units` is the size of the result. Several inputs have one weight each and are summed, with one bias, or with
    `bias = each` one bias per input. Weights: `weight` (units, features), `weight2`, … for further inputs, `bias`
    (units). All start from U(−1/√features, 1/√features).

    Shapes: [N, features] → [N, units]; [N, T, features] → [N, T, units].
    Parameters: features × units + units. MACs: features × units for each vector. FLOPs: 2 × MACs + one per bias added.
    Source: Rosenblatt 1958; the initialiser is PyTorch's.
    Example: `fc(120) -> tanh`
    """

    arity = (1, None)
    units: Positive
    bias: Bias = True
    init: Initial = FAN_IN
    bias_init: Initial = FAN_IN

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        total: Value | None = None
        for number, x in enumerate(ins, 1):
            y = self._product(b, x, number)
            total = y if total is None else b(Add(), total, y)
        assert total is not None
        return total

    def _product(self, b: Builder, x: Value, number: int) -> Value:
        want_float(x.type, number - 1)
        if x.type.rank not in (2, 3):
            raise OpError(
                "shape-mismatch",
                f"`fc` reads [N, features] or [N, T, features], the input is {x.type}",
                operand=number - 1,
                help="write `flatten -> fc(…)`, or `global_avgpool -> flatten -> fc(…)`",
            )
        features = x.type.shape[-1]
        suffix = "" if number == 1 else str(number)
        fan_in = 1 if isinstance(features, Poly) else features
        fan = (fan_in, self.units)
        weight = b.param(f"weight{suffix}", {"units": self.units, "features": features}, self.init, fan)
        if self.bias == "each" or (self.bias is True and number == 1):
            bias = b.param(f"bias{suffix}", {"units": self.units}, self.bias_init, fan)
            return b(Linear(), x, weight, bias)
        return b(Linear(), x, weight)
