"""A tensor of one number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.formula import NOTHING, Formula
from ..graph.op import Example, Op, Types, primitive
from ..graph.tensor import TensorType

if TYPE_CHECKING:
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
