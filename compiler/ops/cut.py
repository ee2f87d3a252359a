"""One tensor cut into parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.formula import NOTHING, Formula
from ..graph.op import Example, Gradients, Op, OpError, Types, Values, primitive
from ..graph.tensor import TensorType
from .fill import FillLike
from .shape import Concat, part

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


@primitive
class Cut(Op):
    """x cut along `axis` into parts of `extents`, which add up to all of it."""

    operands = ("x",)
    axis: int
    extents: tuple[int, ...]

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        if sum(self.extents) != x.shape[self.axis]:
            raise OpError("shape-mismatch", f"{x} has not {sum(self.extents)} positions in dimension {self.axis}")
        return tuple(
            x.with_shape(*(size if place == self.axis else dim for place, dim in enumerate(x.shape)))
            for size in self.extents
        )

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed."""
        return NOTHING

    def simplify(self, b: Make, ins: Values) -> Values | None:
        return ins if len(self.extents) == 1 else None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        parts = [b(FillLike(out.type.shape, 0.0), out) if gy is None else gy for out, gy in zip(outs, gys, strict=True)]
        return (b(Concat(self.axis), *parts),)

    def numpy(self, code: Code) -> None:
        for out, piece in zip(code.outs, self.pieces(code, code.ins[0]), strict=True):
            code(f"np.copyto({out}, {code.view(piece)})")

    def pieces(self, code: Code, name: str) -> list[str]:
        """The parts of an array as expressions."""
        ends = [sum(self.extents[: place + 1]) for place in range(len(self.extents))]
        return [part(code, name, self.axis, end - size, end) for size, end in zip(self.extents, ends, strict=True)]

    def onnx(self, code: OnnxCode) -> None:
        code.several("Split", code.ins[0], code.ints(*self.extents), axis=self.axis)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape, axis in (((2, 6), 1), ((1, 6), 1), ((2, 3, 6), 2), ((2, 6, 3, 1), 1), ((1, 6, 4, 5), 1)):
            for sizes in ((1, 5), (2, 2, 2), (3, 1, 2), (6,)):
                yield Example(cls(axis, sizes), (TensorType("f64", shape),))
