"""One tensor cut into parts, and its parts in another order."""

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


@primitive
class Reorder(Op):
    """x cut along `axis` into parts of `extents`, and these put together again in another `order`."""

    operands = ("x",)
    axis: int
    extents: tuple[int, ...]
    order: tuple[int, ...]

    def infer(self, ins: Types) -> Types:
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed."""
        return NOTHING

    def simplify(self, b: Make, ins: Values) -> Values | None:
        return ins if self.order == tuple(range(len(self.order))) else None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        extents = tuple([self.extents[number] for number in self.order])
        back = tuple([self.order.index(number) for number in range(len(self.order))])
        return (b(Reorder(self.axis, extents, back), gy),)

    def numpy(self, code: Code) -> None:
        start = 0
        for number in self.order:
            begin, size = sum(self.extents[:number]), self.extents[number]
            piece = code.view(part(code, code.ins[0], self.axis, begin, begin + size))
            code(f"np.copyto({code.view(part(code, code.outs[0], self.axis, start, start + size))}, {piece})")
            start += size

    def onnx(self, code: OnnxCode) -> None:
        made = tuple([f"{code.prefix}:part{number}" for number in range(len(self.extents))])
        code.add("Split", (code.ins[0], code.ints(*self.extents)), made, axis=self.axis)
        code.last("Concat", *(made[number] for number in self.order), axis=self.axis)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape, axis in (((6, 2), 0), ((6,), 0), ((2, 6), 1), ((2, 3, 6), 2), ((1, 6, 4, 5), 1)):
            for extents, order in (((1, 5), (1, 0)), ((1, 2, 3), (2, 0, 1)), ((2, 2, 2), (0, 2, 1)), ((6,), (0,))):
                yield Example(cls(axis, extents, order), (TensorType("f64", shape),))


def rejoined(b: Make, parts: Values, axis: int) -> Values | None:
    """What joins all parts of one tensor that was cut along `axis`, each once; None for other values."""
    made = b.producer(parts[0])
    if made is None or not isinstance(made.op, Cut) or made.op.axis != axis or set(parts) != set(made.outs):
        return None
    if len(parts) != len(made.outs):
        return None
    order = tuple([made.outs.index(value) for value in parts])
    return b.all(Reorder(axis, made.op.extents, order), *made.ins)
