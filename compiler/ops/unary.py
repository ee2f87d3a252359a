"""Functions of single elements."""

from __future__ import annotations

from typing import ClassVar

from ..graph.formula import NOTHING, Formula
from ..graph.images import want_float
from ..graph.op import Op, Types, per_element, primitive


class Unary(Op):
    """y = f(x) for each element; `operations` is the number of arithmetic operations that f takes."""

    operands = ("x",)
    operations: ClassVar[int]

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        """`operations` for each element; a comparison, a square root and a transcendental function count one each."""
        return per_element(self.operations, outs[0]) if self.operations else NOTHING


@primitive
class Abs(Unary):
    """|x|."""

    operations = 1


@primitive
class Exp(Unary):
    """eˣ."""

    operations = 1


@primitive
class Log(Unary):
    """The natural logarithm."""

    operations = 1


@primitive
class Sqrt(Unary):
    """√x."""

    operations = 1


@primitive
class Sigmoid(Unary):
    """1 / (1 + e⁻ˣ): a negation, an exponential, an addition, a division."""

    operations = 4


@primitive
class Tanh(Unary):
    """The hyperbolic tangent, counted as one operation."""

    operations = 1


@primitive
class Relu(Unary):
    """max(x, 0)."""

    operations = 1


@primitive
class Clip(Unary):
    """min(max(x, low), high)."""

    low: float
    high: float
    operations = 2


@primitive
class LeakyRelu(Unary):
    """x where x > 0, else slope · x: a comparison and a multiplication."""

    slope: float
    operations = 2


@primitive
class Elu(Unary):
    """x where x > 0, else alpha · (eˣ − 1): a comparison, an exponential, a subtraction, a multiplication."""

    alpha: float
    operations = 4


@primitive
class Gelu(Unary):
    """x · Φ(x) with Φ the normal distribution function: x/√2, erf, + 1, · x, / 2 (Hendrycks and Gimpel 2016)."""

    operations = 5


@primitive
class GeluTanh(Unary):
    """x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))): eight operations (Hendrycks and Gimpel 2016, the approximation)."""

    operations = 8


@primitive
class Silu(Unary):
    """x · sigmoid(x): the sigmoid's four operations and a multiplication."""

    operations = 5


@primitive
class HardSigmoid(Unary):
    """min(max(x/6 + 1/2, 0), 1): a multiplication, an addition, two comparisons."""

    operations = 4


@primitive
class HardSwish(Unary):
    """x · min(max(x + 3, 0), 6) / 6: an addition, two comparisons, two multiplications (Howard et al. 2019)."""

    operations = 5
