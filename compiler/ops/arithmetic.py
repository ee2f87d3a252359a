"""Elementwise arithmetic: the operators of the language."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf

from ..graph.builder import Builder
from ..graph.dims import Dim, show_shape
from ..graph.field import Field, union
from ..graph.formula import NOTHING, Formula
from ..graph.graph import Value
from ..graph.images import want_float
from ..graph.op import Op, OpError, Types, per_element, primitive
from ..graph.tensor import SPATIAL, TensorType


def broadcast(x: TensorType, y: TensorType, sign: str) -> TensorType:
    """The type of an elementwise combination: same rank, and in each dimension equal or 1 on one side."""
    if x.dtype != y.dtype:
        raise OpError(
            "element-type",
            f"`{sign}` cannot combine {x} with {y}: their element types differ",
            help="declare both inputs with one type",
        )
    if x.rank != y.rank:
        raise _mismatch(x, y, sign, "their ranks differ")
    dims: list[Dim] = []
    for place, (a, b) in enumerate(zip(x.shape, y.shape, strict=True)):
        if a != b and a != 1 and b != 1:
            raise _mismatch(x, y, sign, f"dimension {place} is {a} on the left and {b} on the right")
        dims.append(b if a == 1 else a)
    return TensorType(x.dtype, tuple(dims))


def _mismatch(x: TensorType, y: TensorType, sign: str, why: str) -> OpError:
    return OpError(
        "shape-mismatch",
        f"`{sign}` cannot combine {show_shape(x.shape)} with {show_shape(y.shape)}: {why}",
        notes=("an elementwise operation needs the same rank, and in each dimension equal sizes or 1 on one side",),
        help="bring both to one shape: a 1×1 `conv` changes the channels, `stride` and `pad` the size",
    )


class _Binary(Op):
    """y = left ∘ right, elementwise with broadcasting."""

    operands = ("left", "right")
    sign = ""

    def infer(self, ins: Types) -> Types:
        want_float(ins[0], 0)
        want_float(ins[1], 1)
        return (broadcast(ins[0], ins[1], self.sign),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """One operation per element of the result."""
        return per_element(1, outs[0])

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        """None where one side is spread over a spatial dimension: what that side sees does not move with the place."""
        y = outs[0].shape
        spread = any(x.shape[axis] != y[axis] for x in ins for axis in SPATIAL.get(len(y), ()))
        return None if spread else union(fields)


@primitive
class Add(_Binary):
    """left + right."""

    sign = "+"


@primitive
class Sub(_Binary):
    """left − right."""

    sign = "-"


@primitive
class Mul(_Binary):
    """left · right."""

    sign = "*"


@primitive
class Div(_Binary):
    """left / right."""

    sign = "/"


@primitive
class Affine(Op):
    """y = factor · x + shift, with numbers for both."""

    operands = ("x",)
    factor: float = 1
    shift: float = 0

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        """One multiplication per element unless the factor is 1, one addition unless the shift is 0."""
        count = int(self.factor != 1) + int(self.shift != 0)
        return per_element(count, outs[0]) if count else NOTHING


@primitive
class Reciprocal(Op):
    """y = 1 / x."""

    operands = ("x",)

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        """One division per element."""
        return per_element(1, outs[0])


_OPS = {"+": Add, "-": Sub, "*": Mul, "/": Div}


def combine(b: Builder, operator: str, left: Value | float, right: Value | float) -> Value:
    """`left operator right`, where at least one is a tensor. Raises OpError."""
    if isinstance(left, Value) and isinstance(right, Value):
        return b(_OPS[operator](), left, right)
    if isinstance(left, Value):
        assert not isinstance(right, Value)
        match operator:
            case "+":
                return b(Affine(shift=right), left)
            case "-":
                return b(Affine(shift=-right), left)
            case "*":
                return b(Affine(factor=right), left)
        if right == 0:
            raise OpError("bad-operand", "a tensor is divided by zero", help="divide by another number")
        factor = 1 / right
        if isinf(factor):
            raise OpError("bad-operand", f"1 / {right} is too large for a number", help="divide by a larger number")
        return b(Affine(factor=factor), left)
    assert isinstance(right, Value)
    match operator:
        case "+":
            return b(Affine(shift=left), right)
        case "-":
            return b(Affine(factor=-1, shift=left), right)
        case "*":
            return b(Affine(factor=left), right)
    return b(Affine(factor=left), b(Reciprocal(), right))
