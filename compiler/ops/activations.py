"""Activations made of several functions of single elements."""

from __future__ import annotations

from collections.abc import Iterable
from math import pi
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.op import primitive
from .unary import Unary, clip_between

if TYPE_CHECKING:
    from ..graph.onnx_code import OnnxCode


@primitive
class Elu(Unary):
    """x where x > 0, else alpha · (eˣ − 1): a comparison, an exponential, a subtraction, a multiplication."""

    alpha: float
    operations = 4
    kinks = (0.0,)

    def numpy(self, code: Code) -> None:
        """max(x, 0) + alpha · (e^min(x, 0) − 1)."""
        (x,), (y,) = code.ins, code.outs
        part = code.like_scratch()
        code(f"np.minimum({x}, 0.0, out={part})")
        code(f"np.expm1({part}, out={part})")
        code(f"np.multiply({part}, {float(self.alpha)!r}, out={part})")
        code(f"np.maximum({x}, 0.0, out={y})")
        code(f"np.add({y}, {part}, out={y})")

    def derivative(self, code: Code) -> None:
        """1 where x > 0, else alpha · eˣ."""
        (x, gy), (gx,) = code.ins, code.outs
        factor, above = code.like_scratch(), code.like_scratch("bool")
        code(f"np.minimum({x}, 0.0, out={factor})")
        code(f"np.exp({factor}, out={factor})")
        code(f"np.multiply({factor}, {float(self.alpha)!r}, out={factor})")
        code(f"np.greater({x}, 0.0, out={above})")
        code(f"np.copyto({factor}, 1.0, where={above})")
        code(f"np.multiply({gy}, {factor}, out={gx})")

    @classmethod
    def forms(cls) -> Iterable[Unary]:
        yield cls(1.0)
        yield cls(0.5)

    def onnx(self, code: OnnxCode) -> None:
        code.last("Elu", *code.ins, alpha=float(self.alpha))


@primitive
class Gelu(Unary):
    """x · Φ(x) with Φ the normal distribution function: x/√2, erf, + 1, · x, / 2 (Hendrycks and Gimpel 2016)."""

    operations = 5

    def numpy(self, code: Code) -> None:
        code.call("activations.gelu", code.ins[0], code.outs[0], code.like_scratch(), code.like_scratch())

    def derivative(self, code: Code) -> None:
        """Φ(x) + x · φ(x)."""
        code.call("activations.gelu_gradient", *code.ins, code.outs[0], code.like_scratch(), code.like_scratch())

    def onnx(self, code: OnnxCode) -> None:
        (x,) = code.ins
        erf = code.node("Erf", code.node("Mul", x, code.scalar(0.5**0.5)))
        code.last("Mul", code.node("Mul", x, code.scalar(0.5)), code.node("Add", erf, code.scalar(1)))


@primitive
class GeluTanh(Unary):
    """x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))): eight operations (Hendrycks and Gimpel 2016, the approximation)."""

    operations = 8

    def numpy(self, code: Code) -> None:
        code.call("activations.gelu_tanh", code.ins[0], code.outs[0], code.like_scratch())

    def derivative(self, code: Code) -> None:
        work = (code.like_scratch(), code.like_scratch(), code.like_scratch())
        code.call("activations.gelu_tanh_gradient", *code.ins, code.outs[0], *work)

    def onnx(self, code: OnnxCode) -> None:
        (x,) = code.ins
        square = code.node("Mul", code.node("Mul", x, x), code.scalar(0.044715))
        inner = code.node(
            "Mul", code.node("Mul", x, code.scalar((2 / pi) ** 0.5)), code.node("Add", square, code.scalar(1))
        )
        both = code.node("Add", code.node("Tanh", inner), code.scalar(1))
        code.last("Mul", code.node("Mul", x, code.scalar(0.5)), both)


@primitive
class Silu(Unary):
    """x · sigmoid(x): the sigmoid's four operations and a multiplication."""

    operations = 5

    def numpy(self, code: Code) -> None:
        (x,), (y,) = code.ins, code.outs
        s = code.like_scratch()
        code.call("activations.sigmoid", x, s)
        code(f"np.multiply({x}, {s}, out={y})")

    def derivative(self, code: Code) -> None:
        """s + x · s · (1 − s), where s = sigmoid(x)."""
        (x, gy), (gx,) = code.ins, code.outs
        s, rest = code.like_scratch(), code.like_scratch()
        code.call("activations.sigmoid", x, s)
        code(f"np.subtract(1.0, {s}, out={rest})")
        code(f"np.multiply({rest}, {x}, out={rest})")
        code(f"np.add({rest}, 1.0, out={rest})")
        code(f"np.multiply({rest}, {s}, out={rest})")
        code(f"np.multiply({gy}, {rest}, out={gx})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("Mul", code.ins[0], code.node("Sigmoid", *code.ins))


@primitive
class HardSigmoid(Unary):
    """min(max(x/6 + 1/2, 0), 1): a multiplication, an addition, two comparisons."""

    operations = 4
    keeps = "y"
    range = (-5, 5)
    kinks = (-3.0, 3.0)

    def numpy(self, code: Code) -> None:
        (x,), (y,) = code.ins, code.outs
        code(f"np.divide({x}, 6.0, out={y})")
        code(f"np.add({y}, 0.5, out={y})")
        code(f"np.clip({y}, 0.0, 1.0, out={y})")

    def derivative(self, code: Code) -> None:
        """1/6 where 0 < y < 1."""
        (y, gy), (gx,) = code.ins, code.outs
        within, below = code.like_scratch("bool"), code.like_scratch("bool")
        code(f"np.greater({y}, 0.0, out={within})")
        code(f"np.less({y}, 1.0, out={below})")
        code(f"np.logical_and({within}, {below}, out={within})")
        code(f"np.multiply({gy}, {within}, out={gx})")
        code(f"np.divide({gx}, 6.0, out={gx})")

    def onnx(self, code: OnnxCode) -> None:
        part = code.node("Add", code.node("Div", *code.ins, code.scalar(6)), code.scalar(0.5))
        clip_between(code, part, 0, 1)


@primitive
class HardSwish(Unary):
    """x · min(max(x + 3, 0), 6) / 6: an addition, two comparisons, two multiplications (Howard et al. 2019)."""

    operations = 5
    range = (-5, 5)
    kinks = (-3.0, 3.0)

    def numpy(self, code: Code) -> None:
        (x,), (y,) = code.ins, code.outs
        part = code.like_scratch()
        code(f"np.add({x}, 3.0, out={part})")
        code(f"np.clip({part}, 0.0, 6.0, out={part})")
        code(f"np.divide({part}, 6.0, out={part})")
        code(f"np.multiply({x}, {part}, out={y})")

    def derivative(self, code: Code) -> None:
        """0 below −3, 1 above 3, between x/3 + 1/2."""
        (x, gy), (gx,) = code.ins, code.outs
        slope, above = code.like_scratch(), code.like_scratch("bool")
        code(f"np.divide({x}, 3.0, out={slope})")
        code(f"np.add({slope}, 0.5, out={slope})")
        code(f"np.greater({x}, 3.0, out={above})")
        code(f"np.copyto({slope}, 1.0, where={above})")
        code(f"np.less({x}, -3.0, out={above})")
        code(f"np.copyto({slope}, 0.0, where={above})")
        code(f"np.multiply({gy}, {slope}, out={gx})")

    def onnx(self, code: OnnxCode) -> None:
        part = code.node("Max", code.node("Add", *code.ins, code.scalar(3)), code.scalar(0))
        part = code.node("Min", part, code.scalar(6))
        code.last("Mul", code.ins[0], code.node("Div", part, code.scalar(6)))
