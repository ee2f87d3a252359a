"""A factor and a shift for each channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..graph.code import NUMPY_TYPES, Code
from ..graph.formula import Formula
from ..graph.images import want_float
from ..graph.op import Example, Gradients, Op, OpError, Types, Values, per_element, primitive
from ..graph.tensor import TensorType
from .arithmetic import Mul
from .reduce import Sum

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


@primitive
class ChannelScale(Op):
    """y = weight · x + bias, with one number of weight, and of bias if given, for each position of dimension `axis`."""

    operands = ("x", "weight", "bias")
    inplace = (0,)
    axis: int

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        for vector in ins[1:]:
            if vector.shape != (ins[0].shape[self.axis],):
                raise OpError("shape-mismatch", f"{vector} does not have one number for each channel of {ins[0]}")
        return (ins[0],)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A multiplication per element, and an addition where there is a bias."""
        return per_element(len(ins) - 1, outs[0])

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        others = tuple(place for place in range(gy.type.rank) if place != self.axis)
        gradients = (b(self, gy, ins[1]), b(Sum(others, False), b(Mul(), gy, ins[0])))
        return (*gradients, b(Sum(others, False), gy)) if len(ins) == 3 else gradients

    def numpy(self, code: Code) -> None:
        (x, *factors), (y,) = code.ins, code.outs
        ones = ", 1" * (code.types[0].rank - 1 - self.axis)
        weight, *bias = (code.view(f"{name}.reshape(-1{ones})") for name in factors)
        code(f"np.multiply({x}, {weight}, out={y})")
        if bias:
            code(f"np.add({y}, {bias[0]}, out={y})")

    def onnx(self, code: OnnxCode) -> None:
        x, *factors = code.ins
        shape = (-1, *(1 for _ in range(code.types[0].rank - 1 - self.axis)))
        weight, *bias = (code.reshaped(name, shape) for name in factors)
        if bias:
            code.last("Add", code.node("Mul", x, weight), *bias)
        else:
            code.last("Mul", x, weight)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in ((2, 3), (1, 1), (2, 3, 4), (2, 3, 4, 5), (1, 3, 1, 1), (2, 2, 3, 2, 2)):
            for axis in {1, len(shape) - 1, 2 if len(shape) == 5 else 1}:
                types = (TensorType("f64", shape), *(TensorType("f64", (shape[axis],)) for _ in range(2)))
                yield Example(cls(axis), types)
                yield Example(cls(axis), types[:2])


@primitive
class Normalize(Op):
    """y = (x − mean) / std with fixed numbers: one for all, or one for each position of dimension `axis`."""

    operands = ("x",)
    inplace = (0,)
    axis: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A subtraction and a division per element."""
        return per_element(2, outs[0])

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(Normalize(self.axis, (0.0,), self.std), gy),)

    def numpy(self, code: Code) -> None:
        (x,), (y,) = code.ins, code.outs
        if self.mean != (0.0,):
            code(f"np.subtract({x}, {self._constant(code, self.mean)}, out={y})")
            x = y
        code(f"np.divide({x}, {self._constant(code, self.std)}, out={y})")

    def _constant(self, code: Code, numbers: tuple[float, ...]) -> str:
        if len(numbers) == 1:
            return repr(float(numbers[0]))
        listed = ", ".join(repr(float(number)) for number in numbers)
        ones = ", 1" * (code.types[0].rank - 1 - self.axis)
        return code.view(f"np.array([{listed}], np.{NUMPY_TYPES[code.types[0].dtype]}).reshape(-1{ones})")

    def onnx(self, code: OnnxCode) -> None:
        ones = tuple(1 for _ in range(code.types[0].rank - 1 - self.axis))
        mean, std = (code.constant(code.dtype, (len(numbers), *ones), numbers) for numbers in (self.mean, self.std))
        code.last("Div", code.node("Sub", *code.ins, mean), std)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        channels = ((2, 3), (1, 3), (1, 3, 4), (5, 3, 1), (2, 3, 4, 5), (2, 3, 1, 1), (1, 3, 7, 1), (1, 3, 1, 5))
        for shape in (*channels, (3, 3, 3), (2, 3, 2, 1, 3)):
            yield Example(cls(1, (0.5,), (0.25,)), (TensorType("f64", shape),))
            yield Example(cls(1, (0.5, 0.0, -1.0), (0.25, 1.0, 2.0)), (TensorType("f64", shape),))
        yield Example(cls(2, (0.5, 1.0), (0.25, 2.0)), (TensorType("f64", (2, 3, 2, 2, 2)),))
