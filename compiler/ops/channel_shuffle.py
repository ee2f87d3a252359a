"""Channels in another order, so that groups meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.formula import NOTHING, Formula
from ..graph.op import Example, Gradients, Op, OpError, Types, Values, primitive
from ..graph.tensor import TensorType

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


@primitive
class ChannelShuffle(Op):
    """x [N, channels, …] with its channels read as a matrix [groups, channels / groups], which is transposed.

    Channel i of y is channel (i mod groups) · channels / groups + ⌊i / groups⌋ of x.
    Source: Zhang et al., "ShuffleNet", 2018, section 3.1.
    """

    operands = ("x",)
    groups: int

    def infer(self, ins: Types) -> Types:
        channels = ins[0].shape[1]
        if not isinstance(channels, int) or channels % self.groups:
            raise OpError("groups", f"{channels} channels cannot be divided into {self.groups} groups")
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed."""
        return NOTHING

    def simplify(self, b: Make, ins: Values) -> Values | None:
        return ins if self.groups in (1, ins[0].type.shape[1]) else None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,), channels = gys, ins[0].type.shape[1]
        assert gy is not None
        assert isinstance(channels, int)
        return (b(ChannelShuffle(channels // self.groups), gy),)

    def numpy(self, code: Code) -> None:
        (x,), (y,), (type,) = code.ins, code.outs, code.types
        sizes = [code.size(size) for size in type.shape]
        matrix, turned = (self.groups, -1), (-1, self.groups)
        code(f"np.copyto({_split(code, y, sizes, turned)}, {_split(code, x, sizes, matrix)}.swapaxes(1, 2))")

    def onnx(self, code: OnnxCode) -> None:
        shape = code.types[0].shape
        channels = shape[1]
        assert isinstance(channels, int)
        groups = code.node("Reshape", *code.ins, code.ints(0, self.groups, channels // self.groups, -1))
        turned = code.node("Transpose", groups, perm=(0, 2, 1, 3))
        code.reshaped(turned, shape, last=True)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for groups, channels in ((1, 3), (2, 2), (2, 4), (2, 6), (3, 6), (4, 12), (6, 6)):
            for rest in ((3, 5), (1, 1), (4, 1), (7,)):
                yield Example(cls(groups), (TensorType("f64", (2, channels, *rest)),))


def _split(code: Code, name: str, sizes: list[str], matrix: tuple[int, int]) -> str:
    """A view of an array whose channels are a matrix: [N, rows, columns, …]."""
    n, _, *rest = sizes
    if len(rest) == 1:
        return code.view(f"{name}.reshape({n}, {matrix[0]}, {matrix[1]}, {rest[0]})")
    stored = f"{name}.transpose(0, 2, 3, 1).reshape({n}, {', '.join(rest)}, {matrix[0]}, {matrix[1]})"
    return code.view(f"{stored}.transpose(0, 3, 4, 1, 2)")
