"""Functions of single elements."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

from ..graph.code import Code
from ..graph.formula import NOTHING, Formula
from ..graph.images import want_float
from ..graph.op import SHAPES, Example, Gradients, Op, Types, Values, per_element, primitive
from ..graph.tensor import TensorType

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


class Unary(Op):
    """y = f(x) for each element; `operations` is the number of arithmetic operations that f takes.

    `keeps` is what the derivative is written in: x or y. `range` are the numbers that the tests feed, `kinks` those at
    which there is no derivative.
    """

    operands = ("x",)
    inplace = (0,)
    elementwise = True
    operations: ClassVar[int]
    keeps: ClassVar[Literal["x", "y"]] = "x"
    range: ClassVar[tuple[float, float]] = (-2, 2)
    kinks: ClassVar[tuple[float, ...] | None] = None

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        """`operations` for each element; a comparison, a square root and a transcendental function count one each."""
        return per_element(self.operations, outs[0]) if self.operations else NOTHING

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(UnaryGradient(self), ins[0] if self.keeps == "x" else outs[0], gy),)

    @abstractmethod
    def derivative(self, code: Code) -> None:
        """Write the product of f′ and the gradient; the inputs are what the primitive keeps, and the gradient."""

    @classmethod
    def forms(cls) -> Iterable[Unary]:
        """The function with every kind of arguments, for the tests."""
        yield cls()

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for form in cls.forms():
            for shape in SHAPES:
                yield Example(form, (TensorType("f64", shape),), (cls.range,), cls.kinks)


@primitive
class UnaryGradient(Op):
    """gy · f′(x) for each element, from x or from y = f(x), whichever `of` keeps."""

    operands = ("kept", "gy")
    inplace = (1,)
    elementwise = True
    of: Unary

    def infer(self, ins: Types) -> Types:
        return (ins[0],)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(self.of.operations + 1, outs[0])

    def numpy(self, code: Code) -> None:
        self.of.derivative(code)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Each function's own examples run this."""
        return ()


@primitive
class Abs(Unary):
    """|x|."""

    operations = 1
    kinks = (0.0,)

    def numpy(self, code: Code) -> None:
        code(f"np.abs({code.ins[0]}, out={code.outs[0]})")

    def derivative(self, code: Code) -> None:
        (x, gy), (gx,) = code.ins, code.outs
        sign = code.like_scratch()
        code(f"np.sign({x}, out={sign})")
        code(f"np.multiply({gy}, {sign}, out={gx})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("Abs", *code.ins)


@primitive
class Exp(Unary):
    """eˣ."""

    operations = 1
    keeps = "y"

    def numpy(self, code: Code) -> None:
        code(f"np.exp({code.ins[0]}, out={code.outs[0]})")

    def derivative(self, code: Code) -> None:
        (y, gy), (gx,) = code.ins, code.outs
        code(f"np.multiply({gy}, {y}, out={gx})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("Exp", *code.ins)


@primitive
class Log(Unary):
    """The natural logarithm."""

    operations = 1
    range = (0.5, 2)

    def lower(self, b: Make, ins: Values) -> Values:
        """Of a sigmoid together with it: alone that is rounded to 0 where its logarithm is still a small number."""
        made = b.producer(ins[0])
        if made is not None and isinstance(made.op, Sigmoid):
            return b.keep(LogSigmoid(), made.ins)
        return b.keep(self, ins)

    def numpy(self, code: Code) -> None:
        code(f"np.log({code.ins[0]}, out={code.outs[0]})")

    def derivative(self, code: Code) -> None:
        (x, gy), (gx,) = code.ins, code.outs
        code(f"np.divide({gy}, {x}, out={gx})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("Log", *code.ins)


@primitive
class Sqrt(Unary):
    """√x."""

    operations = 1
    keeps = "y"
    range = (0.5, 2)

    def numpy(self, code: Code) -> None:
        code(f"np.sqrt({code.ins[0]}, out={code.outs[0]})")

    def derivative(self, code: Code) -> None:
        (y, gy), (gx,) = code.ins, code.outs
        code(f"np.divide({gy}, {y}, out={gx})")
        code(f"np.multiply({gx}, 0.5, out={gx})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("Sqrt", *code.ins)


@primitive
class Sigmoid(Unary):
    """1 / (1 + e⁻ˣ): a negation, an exponential, an addition, a division."""

    operations = 4
    keeps = "y"

    def numpy(self, code: Code) -> None:
        (x,), (y,) = code.ins, code.outs
        if code.fast:
            code.call("activations.sigmoid", x, y)
            return
        # Where y is a row of a stack, it is out of the cache: it is gone over once.
        work = x if 0 in code.spent else y
        code(f"np.negative({x}, out={work})")
        code(f"np.exp({work}, out={work})")
        code(f"np.add({work}, {code.number_array(1.0)}, out={work})")
        code(f"np.reciprocal({work}, out={y})")

    def derivative(self, code: Code) -> None:
        """y · (1 − y)."""
        (y, gy), (gx,) = code.ins, code.outs
        rest = code.like_scratch()
        code(f"np.subtract({code.number_array(1.0)}, {y}, out={rest})")
        code(f"np.multiply({rest}, {y}, out={rest})")
        code(f"np.multiply({gy}, {rest}, out={gx})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("Sigmoid", *code.ins)


@primitive
class SigmoidGradient(Op):
    """gy · y · (1 − y) for each element, from y and `scaled` = gy · y."""

    operands = ("kept", "scaled")
    inplace = (1, 0)
    elementwise = True

    def infer(self, ins: Types) -> Types:
        return (ins[0],)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A subtraction and a multiplication."""
        return per_element(2, outs[0])

    def numpy(self, code: Code) -> None:
        (y, scaled), (gx,) = code.ins, code.outs
        rest = code.like_scratch()
        code(f"np.subtract({code.number_array(1.0)}, {y}, out={rest})")
        code(f"np.multiply({scaled}, {rest}, out={gx})")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """The gradients of loops run this."""
        return ()


@primitive
class LogSigmoid(Unary):
    """log(1 / (1 + e⁻ˣ)) = min(x, 0) − log(1 + e^−|x|): the sigmoid's four operations and a logarithm."""

    operations = 5

    def numpy(self, code: Code) -> None:
        (x,), (y,) = code.ins, code.outs
        part = code.like_scratch()
        code(f"np.abs({x}, out={part})")
        code(f"np.negative({part}, out={part})")
        code(f"np.exp({part}, out={part})")
        code(f"np.log1p({part}, out={part})")
        code(f"np.minimum({x}, 0.0, out={y})")
        code(f"np.subtract({y}, {part}, out={y})")

    def derivative(self, code: Code) -> None:
        """sigmoid(−x)."""
        (x, gy), (gx,) = code.ins, code.outs
        s = code.like_scratch()
        code(f"np.negative({x}, out={s})")
        code.call("activations.sigmoid", s, s)
        code(f"np.multiply({gy}, {s}, out={gx})")

    def onnx(self, code: OnnxCode) -> None:
        rest = code.node("Exp", code.node("Neg", code.node("Abs", *code.ins)))
        rest = code.node("Log", code.node("Add", rest, code.scalar(1)))
        code.last("Sub", code.node("Min", *code.ins, code.scalar(0)), rest)


@primitive
class Tanh(Unary):
    """The hyperbolic tangent, counted as one operation."""

    operations = 1
    keeps = "y"

    def numpy(self, code: Code) -> None:
        code(f"np.tanh({code.ins[0]}, out={code.outs[0]})")

    def derivative(self, code: Code) -> None:
        """1 − y²."""
        (y, gy), (gx,) = code.ins, code.outs
        rest = code.like_scratch()
        code(f"np.multiply({y}, {y}, out={rest})")
        code(f"np.subtract({code.number_array(1.0)}, {rest}, out={rest})")
        code(f"np.multiply({gy}, {rest}, out={gx})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("Tanh", *code.ins)


@primitive
class Relu(Unary):
    """max(x, 0)."""

    operations = 1
    keeps = "y"
    kinks = (0.0,)

    def numpy(self, code: Code) -> None:
        code(f"np.maximum({code.ins[0]}, 0.0, out={code.outs[0]})")

    def derivative(self, code: Code) -> None:
        """1 where y > 0."""
        (y, gy), (gx,) = code.ins, code.outs
        above = code.like_scratch("bool")
        code(f"np.greater({y}, 0.0, out={above})")
        code(f"np.multiply({gy}, {above}, out={gx})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("Relu", *code.ins)


@primitive
class Clip(Unary):
    """min(max(x, low), high)."""

    low: float
    high: float
    operations = 2
    keeps = "y"
    kinks = (-1.0, 1.5)

    def numpy(self, code: Code) -> None:
        code(f"np.clip({code.ins[0]}, {self.low!r}, {self.high!r}, out={code.outs[0]})")

    def derivative(self, code: Code) -> None:
        """1 where low < y < high."""
        (y, gy), (gx,) = code.ins, code.outs
        within, below = code.like_scratch("bool"), code.like_scratch("bool")
        code(f"np.greater({y}, {self.low!r}, out={within})")
        code(f"np.less({y}, {self.high!r}, out={below})")
        code(f"np.logical_and({within}, {below}, out={within})")
        code(f"np.multiply({gy}, {within}, out={gx})")

    @classmethod
    def forms(cls) -> Iterable[Unary]:
        yield cls(-1.0, 1.5)

    def onnx(self, code: OnnxCode) -> None:
        clip_between(code, code.ins[0], self.low, self.high)


@primitive
class LeakyRelu(Unary):
    """x where x > 0, else slope · x: a comparison and a multiplication."""

    slope: float
    operations = 2
    kinks = (0.0,)

    def numpy(self, code: Code) -> None:
        (x,), (y,) = code.ins, code.outs
        scaled = code.like_scratch()
        code(f"np.minimum({x}, 0.0, out={scaled})")
        code(f"np.multiply({scaled}, {float(self.slope)!r}, out={scaled})")
        code(f"np.maximum({x}, 0.0, out={y})")
        code(f"np.add({y}, {scaled}, out={y})")

    def derivative(self, code: Code) -> None:
        (x, gy), (gx,) = code.ins, code.outs
        factor, above = code.like_scratch(), code.like_scratch("bool")
        code(f"np.greater({x}, 0.0, out={above})")
        code(f"np.multiply({above}, {1.0 - self.slope!r}, out={factor})")
        code(f"np.add({factor}, {float(self.slope)!r}, out={factor})")
        code(f"np.multiply({gy}, {factor}, out={gx})")

    @classmethod
    def forms(cls) -> Iterable[Unary]:
        yield cls(0.01)
        yield cls(0.25)

    def onnx(self, code: OnnxCode) -> None:
        if code.dtype == "f32":
            code.last("LeakyRelu", *code.ins, alpha=float(self.slope))
            return
        # The operator's alpha is a float32, which float64 would show.
        (x,) = code.ins
        above, below = code.node("Max", x, code.scalar(0)), code.node("Min", x, code.scalar(0))
        code.last("Add", above, code.node("Mul", below, code.scalar(self.slope)))


def clip_between(code: OnnxCode, x: str, low: float, high: float) -> None:
    """min(max(x, low), high) as the output; onnxruntime's fusion of relu with Clip fails on float64."""
    if code.dtype == "f32":
        code.last("Clip", x, code.scalar(low), code.scalar(high))
    else:
        code.last("Min", code.node("Max", x, code.scalar(low)), code.scalar(high))
