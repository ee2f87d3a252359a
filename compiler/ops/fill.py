"""A tensor of one number."""

from __future__ import annotations

from collections.abc import Iterable

from ..graph.code import Code
from ..graph.formula import NOTHING, Formula
from ..graph.op import Example, Op, Types, primitive
from ..graph.tensor import TensorType


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

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in ((), (1,), (3, 5), (2, 3, 1, 4)):
            yield Example(cls(TensorType("f64", shape), 1.5), ())
