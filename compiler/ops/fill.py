"""Tensors of one number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.dims import Shape
from ..graph.formula import NOTHING, Formula
from ..graph.op import Example, Gradients, Op, Types, Values, primitive
from ..graph.tensor import TensorType

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


@primitive
class Fill(Op):
    """Every element of `type` is `value`."""

    operands = ()
    type: TensorType
    value: float

    def infer(self, ins: Types) -> Types:
        return (self.type,)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return NOTHING

    def numpy(self, code: Code) -> None:
        code(f"{code.outs[0]}.fill({self.value!r})")

    def onnx(self, code: OnnxCode) -> None:
        if self.type.rank:
            shape = code.node("Concat", *(code.size(dim) for dim in self.type.shape), axis=0)
            code.last("Expand", code.scalar(self.value), shape)
        else:
            code.last("Identity", code.scalar(self.value))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in ((), (1,), (3, 5), (2, 3, 1, 4)):
            yield Example(cls(TensorType("f64", shape), 1.5), ())


@primitive
class FillLike(Op):
    """Every element of `shape` is `value`, in the element type of the input, which is not read otherwise."""

    operands = ("like",)
    shape: Shape
    value: float

    def infer(self, ins: Types) -> Types:
        return (ins[0].with_shape(*self.shape),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return NOTHING

    def lower(self, b: Make, ins: Values) -> Values:
        return b.all(self, *ins)

    def simplify(self, b: Make, ins: Values) -> Values | None:
        """The same of what the input is made of, which is there at the start: the input is not kept for this."""
        like, dtype = ins[0], ins[0].type.dtype
        while (made := b.producer(like)) is not None:
            origin = next((value for value in made.ins if value.type.dtype == dtype), None)
            if origin is None:
                break
            like = origin
        return b.all(self, like) if like is not ins[0] else None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        return (None,)

    def numpy(self, code: Code) -> None:
        code(f"{code.outs[0]}.fill({self.value!r})")

    def onnx(self, code: OnnxCode) -> None:
        shape = code.node("Concat", *(code.size(dim) for dim in self.shape), axis=0)
        code.last("Expand", code.scalar(self.value), shape)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in ((1,), (3, 5), (2, 3, 1, 4)):
            yield Example(cls(shape, -0.5), (TensorType("f64", (2, 3)),))
