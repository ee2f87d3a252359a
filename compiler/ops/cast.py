"""Whole numbers as floats."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.formula import NOTHING, Formula
from ..graph.op import Example, Op, OpError, Types, Values, primitive
from ..graph.tensor import Float, TensorType

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode

# The element types of ONNX (onnx.proto, TensorProto.DataType).
ONNX_TYPES: dict[Float, int] = {"f32": 1, "f64": 11}


@primitive
class ToFloat(Op):
    """The same numbers as floats, the nearest ones."""

    operands = ("x",)
    dtype: Float

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        if x.dtype not in ("u8", "i64"):
            raise OpError("element-type", f"only whole numbers are made floats, this is {x}", operand=0)
        return (TensorType(self.dtype, x.shape),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed."""
        return NOTHING

    def lower(self, b: Make, ins: Values) -> Values:
        """In the float type of the program."""
        return b.keep(ToFloat(b.float_type or self.dtype), ins)

    def numpy(self, code: Code) -> None:
        code(f"np.copyto({code.outs[0]}, {code.ins[0]})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("Cast", *code.ins, to=ONNX_TYPES[self.dtype])

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in ((3,), (1, 1), (2, 5), (2, 3, 4), (2, 3, 4, 5), (1, 2, 3, 2, 2)):
            yield Example(cls("f32"), (TensorType("i64", shape),), ((0, 255),))
