"""Softmax and its logarithm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from ..graph.code import Code
from ..graph.dims import product
from ..graph.field import Field
from ..graph.formula import Formula, named
from ..graph.images import want_float
from ..graph.op import SHAPES, Example, Gradients, Op, Types, Values, elements, primitive
from ..graph.tensor import SPATIAL, TensorType

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


class _Softmax(Op):
    """`kernel` computes it, and what follows it the gradient from y and gy."""

    operands = ("x",)
    inplace = (0,)
    kernel: ClassVar[str]
    axis: int

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        return ins

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(SoftmaxGradient(self.axis, self.kernel), outs[0], gy),)

    def numpy(self, code: Code) -> None:
        work = [_row(code, self.axis), *([code.like_scratch()] if self.kernel == "log_softmax" else [])]
        code.call(f"softmax.{self.kernel}", code.ins[0], code.outs[0], *work, axis=self.axis)


def _examples(make: Callable[[int], Op]) -> Iterable[Example]:
    for shape in SHAPES:
        for axis in range(1, len(shape)):
            yield Example(make(axis), (TensorType("f64", shape),))


def _row(code: Code, axis: int) -> str:
    """Scratch memory for one number of each row along the axis."""
    return code.scratch(*(1 if place == axis else size for place, size in enumerate(code.types[0].shape)))


@primitive
class SoftmaxGradient(Op):
    """The gradient of softmax, y · (gy − Σ y · gy), or of log_softmax, gy − e^y · Σ gy, along `axis`."""

    operands = ("y", "gy")
    inplace = (1,)
    axis: int
    of: str

    def infer(self, ins: Types) -> Types:
        return (ins[0],)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return 4 * elements(outs[0])

    def numpy(self, code: Code) -> None:
        row, work = _row(code, self.axis), code.like_scratch()
        code.call(f"softmax.{self.of}_gradient", *code.ins, code.outs[0], row, work, axis=self.axis)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """The functions' own examples run this."""
        return ()


@primitive
class Softmax(_Softmax):
    """y = e^(x − max) / Σ e^(x − max) along `axis`."""

    kernel = "softmax"
    axis: int

    def onnx(self, code: OnnxCode) -> None:
        code.last("Softmax", *code.ins, axis=self.axis)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        return _examples(cls)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Per element: compare for the maximum, subtract it, exponential, sum, divide."""
        return 5 * elements(outs[0])

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return fields[0] if self.axis not in SPATIAL.get(ins[0].rank, ()) else None


@primitive
class LogSoftmax(_Softmax):
    """y = x − max − log Σ e^(x − max) along `axis`."""

    kernel = "log_softmax"
    axis: int

    def onnx(self, code: OnnxCode) -> None:
        code.last("LogSoftmax", *code.ins, axis=self.axis)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        return _examples(cls)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Per element: compare for the maximum, subtract it, exponential, sum, subtract; and a logarithm per row."""
        shape = ins[0].shape
        rows = product(size for place, size in enumerate(shape) if place != self.axis)
        return 5 * elements(outs[0]) + named("rows", rows)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return fields[0] if self.axis not in SPATIAL.get(ins[0].rank, ()) else None
