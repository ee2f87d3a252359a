"""Elementwise arithmetic: the operators of the language."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from math import isinf
from typing import TYPE_CHECKING, ClassVar

from ..graph.builder import Builder
from ..graph.code import Code
from ..graph.dims import Dim, show_shape
from ..graph.field import Field, union
from ..graph.formula import NOTHING, Formula
from ..graph.graph import Value
from ..graph.images import want_float
from ..graph.op import SHAPES, Example, Gradients, Op, OpError, Types, Values, per_element, primitive
from ..graph.tensor import SPATIAL, TensorType
from .reduce import sum_to

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


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
        help=_way_out(x, y),
    )


def _way_out(x: TensorType, y: TensorType) -> str:
    if x.rank != y.rank:
        return "bring both to one rank, by `reshape`: a size of 1 is spread over the other side"
    if x.rank >= 4:
        return "bring both to one shape: a 1×1 `conv` changes the channels, `stride` and `pad` the size"
    if x.shape[:-1] == y.shape[:-1] and isinstance(y.shape[-1], int):
        return f"bring both to one shape: `fc({y.shape[-1]})` makes as many features on the left as on the right"
    return "bring both to one shape: `fc` changes the features of a vector or sequence, `conv` the channels of a signal"


class _Binary(Op):
    """y = left ∘ right, elementwise with broadcasting."""

    operands = ("left", "right")
    inplace = (0, 1)
    elementwise = True
    sign: ClassVar[str] = ""
    function: ClassVar[str]

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

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        left, right = self.slopes(b, ins, outs, gy)
        return sum_to(b, left, ins[0].type.shape), sum_to(b, right, ins[1].type.shape)

    @abstractmethod
    def slopes(self, b: Make, ins: Values, outs: Values, gy: Value) -> tuple[Value, Value]:
        """gy times the derivative by the left and by the right, in the shape of the result."""

    def numpy(self, code: Code) -> None:
        code(f"np.{self.function}({code.ins[0]}, {code.ins[1]}, out={code.outs[0]})")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        same: list[tuple[int, ...]] = [(3, 4), (1, 1), (2, 3, 4), (2, 3, 4, 5), (1, 3, 1, 5), (2, 2, 3, 2, 2), ()]
        cases = [(shape, shape) for shape in same]
        cases += [((3, 4), (3, 1)), ((1, 4), (3, 4)), ((2, 1, 4), (2, 3, 1)), ((2, 3, 4, 5), (2, 3, 1, 1))]
        cases += [((2, 1, 4, 5), (2, 3, 4, 5)), ((1, 3, 1, 1), (2, 3, 4, 5)), ((1, 1, 1, 5), (2, 3, 4, 1))]
        cases += [((5,), (1,)), ((1,), (7,)), ((1, 1), (3, 5)), ((3, 1, 1), (1, 5, 2)), ((1, 1, 7), (3, 1, 7))]
        cases += [((2, 2, 3, 2, 2), (1, 2, 1, 2, 1)), ((1, 1, 1, 1), (2, 3, 3, 1))]
        for left, right in cases:
            yield Example(cls(), (TensorType("f64", left), TensorType("f64", right)), cls.ranges)

    ranges: ClassVar[tuple[tuple[float, float], ...]] = ()


@primitive
class Add(_Binary):
    """left + right."""

    sign = "+"
    function = "add"

    def simplify(self, b: Make, ins: Values) -> Values | None:
        """What is multiplied by −1 is subtracted."""
        for value, other in (ins, ins[::-1]):
            made = b.producer(other)
            if made is not None and made.op == Affine(factor=-1.0) and value is not other:
                return b.all(Sub(), value, *made.ins)
        return None

    def slopes(self, b: Make, ins: Values, outs: Values, gy: Value) -> tuple[Value, Value]:
        return gy, gy

    def onnx(self, code: OnnxCode) -> None:
        code.last("Add", *code.ins)


@primitive
class Sub(_Binary):
    """left − right."""

    sign = "-"
    function = "subtract"

    def slopes(self, b: Make, ins: Values, outs: Values, gy: Value) -> tuple[Value, Value]:
        return gy, b(Affine(factor=-1.0), gy)

    def onnx(self, code: OnnxCode) -> None:
        code.last("Sub", *code.ins)


@primitive
class Mul(_Binary):
    """left · right."""

    sign = "*"
    function = "multiply"

    def slopes(self, b: Make, ins: Values, outs: Values, gy: Value) -> tuple[Value, Value]:
        return b(Mul(), gy, ins[1]), b(Mul(), gy, ins[0])

    def onnx(self, code: OnnxCode) -> None:
        code.last("Mul", *code.ins)


@primitive
class Div(_Binary):
    """left / right."""

    sign = "/"
    function = "divide"
    ranges = ((-2.0, 2.0), (0.5, 2.0))

    def slopes(self, b: Make, ins: Values, outs: Values, gy: Value) -> tuple[Value, Value]:
        left = b(Div(), gy, ins[1])
        return left, b(Affine(factor=-1.0), b(Mul(), left, outs[0]))

    def onnx(self, code: OnnxCode) -> None:
        code.last("Div", *code.ins)


@primitive
class Affine(Op):
    """y = factor · x + shift, with numbers for both."""

    operands = ("x",)
    inplace = (0,)
    elementwise = True
    factor: float = 1
    shift: float = 0

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        """One multiplication per element unless the factor is 1, one addition unless the shift is 0; shift − x is one
        subtraction."""
        count = 1 if self.factor == -1 else int(self.factor != 1) + int(self.shift != 0)
        return per_element(count, outs[0]) if count else NOTHING

    def simplify(self, b: Make, ins: Values) -> Values | None:
        return ins if self.factor == 1 and self.shift == 0 else None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(Affine(factor=self.factor), gy),)

    def numpy(self, code: Code) -> None:
        (x,), (y,) = code.ins, code.outs
        if self.factor == -1 and self.shift != 0:
            code(f"np.subtract({code.number_array(self.shift)}, {x}, out={y})")
            return
        if self.factor != 1:
            code(f"np.multiply({x}, {code.number_array(self.factor)}, out={y})")
            x = y
        if self.shift != 0 or x != y:
            code(f"np.add({x}, {code.number_array(self.shift)}, out={y})")

    def onnx(self, code: OnnxCode) -> None:
        (x,) = code.ins
        if self.factor == 1:
            code.last("Add", x, code.scalar(self.shift))
        elif self.shift == 0:
            code.last("Mul", x, code.scalar(self.factor))
        elif self.factor == -1:
            code.last("Sub", code.scalar(self.shift), x)
        else:
            code.last("Add", code.node("Mul", x, code.scalar(self.factor)), code.scalar(self.shift))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in ((3, 4), (1, 1), (2, 3, 4, 5), ()):
            for factor, shift in ((1, 0), (2.5, 0), (1, -0.5), (-3, 2), (-1, 2), (0, 1)):
                yield Example(cls(factor, shift), (TensorType("f64", shape),))


@primitive
class Reciprocal(Op):
    """y = numerator / x."""

    operands = ("x",)
    inplace = (0,)
    elementwise = True
    numerator: float = 1

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        """One division per element."""
        return per_element(1, outs[0])

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        """−gy · y / x; where y is 1 / x, −gy · y², which needs no x."""
        (gy,), (x,), (y,) = gys, ins, outs
        assert gy is not None
        part = b(Mul(), gy, y) if self.numerator == 1 else b(Div(), gy, x)
        return (b(Affine(factor=-1.0), b(Mul(), part, y)),)

    def numpy(self, code: Code) -> None:
        code(f"np.divide({float(self.numerator)!r}, {code.ins[0]}, out={code.outs[0]})")

    def onnx(self, code: OnnxCode) -> None:
        (x,) = code.ins
        if self.numerator == 1:
            code.last("Reciprocal", x)
        else:
            code.last("Div", code.scalar(self.numerator), x)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in SHAPES:
            for numerator in (1, -2.5, 0):
                yield Example(cls(numerator), (TensorType("f64", shape),), ((0.5, 2.0),))
                yield Example(cls(numerator), (TensorType("f64", shape),), ((-2.0, -0.5),))


_OPS: dict[str, Callable[[], Op]] = {"+": Add, "-": Sub, "*": Mul, "/": Div}


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
    return b(Reciprocal(left), right)
