"""One of two values, as a mask says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.dims import Dim
from ..graph.formula import NOTHING, Formula
from ..graph.op import SHAPES, Example, Gradients, Op, OpError, Types, Values, primitive
from ..graph.tensor import TensorType
from .fill import FillLike

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


@primitive
class Select(Op):
    """y = yes where the mask is true, else no; the mask has size 1 in all dimensions but the first."""

    operands = ("mask", "yes", "no")
    elementwise = True

    def infer(self, ins: Types) -> Types:
        mask, yes, no = ins
        if mask.dtype != "bool" or mask.shape != (yes.shape[0], *(1 for _ in yes.shape[1:])) or yes != no:
            raise OpError("shape-mismatch", f"{mask} cannot choose between {yes} and {no}")
        return (yes,)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed."""
        return NOTHING

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        zero = b(FillLike(gy.type.shape, 0.0), gy)
        return None, b(Select(), ins[0], gy, zero), b(Select(), ins[0], zero, gy)

    def numpy(self, code: Code) -> None:
        (mask, yes, no), (y,) = code.ins, code.outs
        code(f"np.copyto({y}, {no})")
        code(f"np.copyto({y}, {yes}, where={mask})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("Where", *code.ins)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in (*SHAPES, (3, 2)):
            mask = TensorType("bool", (shape[0], *(1 for _ in shape[1:])))
            yield Example(cls(), (mask, TensorType("f64", shape), TensorType("f64", shape)))


@primitive
class Running(Op):
    """For each of `steps` steps in order and each sample: whether the step is one of its first `lengths`.

    lengths i64[N] → bool [steps · N, 1, …], of rank `rank`.
    """

    operands = ("lengths",)
    steps: Dim
    rank: int

    def infer(self, ins: Types) -> Types:
        (lengths,) = ins
        return (TensorType("bool", (self.steps * lengths.shape[0], *(1 for _ in range(self.rank - 1)))),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A comparison for each step and sample is not counted."""
        return NOTHING

    def numpy(self, code: Code) -> None:
        (lengths,), (y,) = code.ins, code.outs
        steps = code.size(self.steps)
        table = code.view(f"{y}.reshape({steps}, {code.size(code.types[0].shape[0])})")
        code(f"np.greater({lengths}, np.arange({steps})[:, None], out={table})")

    def onnx(self, code: OnnxCode) -> None:
        steps = code.node("Squeeze", code.size(self.steps), code.ints(0))
        zero, one = code.constant("i64", (), 0), code.constant("i64", (), 1)
        column = code.node("Unsqueeze", code.node("Range", zero, steps, one), code.ints(1))
        table = code.node("Greater", code.ins[0], column)
        code.last("Reshape", table, code.ints(-1, *(1 for _ in range(self.rank - 1))))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for batch, steps, rank in ((3, 4, 2), (1, 1, 2), (2, 5, 4), (4, 1, 3)):
            yield Example(cls(steps, rank), (TensorType("i64", (batch,)),), ((0, steps),))
