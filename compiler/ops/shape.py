"""Operations that only move elements: transpose, concat, slice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.dims import Dim, show_shape
from ..graph.field import Field, shifted, through, union
from ..graph.formula import NOTHING, Formula, named, plus
from ..graph.graph import Value
from ..graph.op import Example, Gradients, Op, OpError, Types, Values, primitive
from ..graph.tensor import SPATIAL, TensorType
from .reshape import Reshape

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


class _Move(Op):
    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed."""
        return NOTHING


@primitive
class Transpose(_Move):
    """y's dimension i is x's dimension `order[i]`."""

    operands = ("x",)
    order: tuple[int, ...]

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        return (x.with_shape(*(x.shape[place] for place in self.order)),)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return None

    def simplify(self, b: Make, ins: Values) -> Values | None:
        if self.order == tuple(range(len(self.order))):
            return ins
        made = b.producer(ins[0])
        if made is None or not isinstance(made.op, Transpose):
            return None
        return (b(Transpose(tuple(made.op.order[place] for place in self.order)), made.ins[0]),)

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(Transpose(tuple(self.order.index(place) for place in range(len(self.order)))), gy),)

    def numpy(self, code: Code) -> None:
        code(f"np.copyto({code.outs[0]}, {code.view(f'{code.ins[0]}.transpose({self.order})')})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("Transpose", *code.ins, perm=self.order)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for order in ((1, 0), (0, 2, 1), (2, 0, 1), (0, 2, 3, 1), (0, 1, 3, 2), (0, 2, 1, 3, 4), (4, 3, 2, 1, 0)):
            for sizes in ((2, 3, 4, 5, 2), (1, 3, 1, 2, 1), (3, 1, 7, 1, 2)):
                yield Example(cls(order), (TensorType("f64", sizes[: len(order)]),))


@primitive
class Concat(_Move):
    """The inputs one after the other along `axis`; all other dimensions are equal."""

    operands = ("inputs",)
    axis: int

    def infer(self, ins: Types) -> Types:
        first = ins[0]
        for operand, x in enumerate(ins[1:], 1):
            same = x.rank == first.rank and all(
                a == b for place, (a, b) in enumerate(zip(x.shape, first.shape, strict=True)) if place != self.axis
            )
            if not same or x.dtype != first.dtype:
                raise OpError(
                    "shape-mismatch",
                    f"input {operand + 1} of `concat` is {x}, the first is {first}: "
                    f"they may differ in dimension {self.axis} alone",
                    operand=operand,
                    help="bring the inputs to one size; `pad = half` keeps an odd kernel's size, "
                    "`axis =` joins along another dimension",
                )
        total: Dim = 0
        for x in ins:
            total = x.shape[self.axis] + total
        shape = list(first.shape)
        shape[self.axis] = total
        return (first.with_shape(*shape),)

    def sizes(self, ins: Types, outs: Types) -> tuple[tuple[str, Formula], ...]:
        return (
            (f"dimension {self.axis}", plus(named(f"input {i}", x.shape[self.axis]) for i, x in enumerate(ins, 1))),
        )

    def simplify(self, b: Make, ins: Values) -> Values | None:
        from .cut import rejoined

        return ins if len(ins) == 1 else rejoined(b, ins, self.axis)

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        gradients: list[Value] = []
        start: Dim = 0
        for x in ins:
            stop = start + x.type.shape[self.axis]
            gradients.append(b(Slice(self.axis, start, stop), gy))
            start = stop
        return tuple(gradients)

    def numpy(self, code: Code) -> None:
        start: Dim = 0
        for x, type in zip(code.ins, code.types, strict=True):
            stop = start + type.shape[self.axis]
            code(f"np.copyto({code.view(part(code, code.outs[0], self.axis, start, stop))}, {x})")
            start = stop

    def onnx(self, code: OnnxCode) -> None:
        code.last("Concat", *code.ins, axis=self.axis)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in ((2, 3), (1, 1), (2, 3, 4), (2, 3, 4, 5), (1, 2, 1, 3), (2, 2, 3, 2, 2)):
            for axis in range(1, len(shape)):
                for sizes in ((1, 2), (3, 1, 2), (2,), (2, 2)):
                    parts = [TensorType("f64", (*shape[:axis], size, *shape[axis + 1 :])) for size in sizes]
                    yield Example(cls(axis), tuple(parts))

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return union(fields) if self.axis not in SPATIAL.get(ins[0].rank, ()) else None


@primitive
class Slice(_Move):
    """The positions `start` up to, not including, `stop` along `axis`."""

    operands = ("x",)
    axis: int
    start: Dim
    stop: Dim

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        size = x.shape[self.axis]
        if isinstance(size, int) and isinstance(self.stop, int) and self.stop > size:
            raise OpError(
                "shape-mismatch", f"{show_shape(x.shape)} has no position {self.stop - 1} in dimension {self.axis}"
            )
        shape = list(x.shape)
        shape[self.axis] = self.stop - self.start
        return (x.with_shape(*shape),)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        """A slice of positions shifts the field; other slices leave it alone."""
        axes = SPATIAL.get(ins[0].rank, ())
        if fields[0] is None or self.axis not in axes:
            return fields[0]
        if not isinstance(self.start, int):
            return None
        return through(fields[0], [shifted(self.start if axis == self.axis else 0) for axis in axes])

    def simplify(self, b: Make, ins: Values) -> Values | None:
        """All of x, or one of the tensors that were joined to make it."""
        if self.start == 0 and self.stop == ins[0].type.shape[self.axis]:
            return ins
        made = b.producer(ins[0])
        start: Dim = 0
        for value in made.ins if made is not None and made.op == Concat(self.axis) else ():
            if (start, start + value.type.shape[self.axis]) == (self.start, self.stop):
                return (value,)
            start += value.type.shape[self.axis]
        return None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(Unslice(self.axis, self.start, ins[0].type.shape[self.axis]), gy),)

    def numpy(self, code: Code) -> None:
        found = code.view(part(code, code.ins[0], self.axis, self.start, self.stop))
        code(f"np.copyto({code.outs[0]}, {found})")

    def onnx(self, code: OnnxCode) -> None:
        ends = (code.size(self.start), code.size(self.stop))
        code.last("Slice", *code.ins, *ends, code.ints(self.axis))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in ((2, 3), (1, 4), (2, 3, 4), (2, 3, 4, 5), (2, 2, 3, 2, 2)):
            for axis in range(1, len(shape)):
                for start, stop in ((0, 1), (0, shape[axis]), (1, shape[axis]), (shape[axis] - 1, shape[axis])):
                    yield Example(cls(axis, start, stop), (TensorType("f64", shape),))


def part(code: Code, name: str, axis: int, start: Dim, stop: Dim) -> str:
    """The positions from `start` to `stop` of an array, as an expression."""
    return f"{name}[{':, ' * axis}{code.size(start)}:{code.size(stop)}]"


@primitive
class Unslice(_Move):
    """The gradient of Slice: x at `start` along `axis` of zeros of size `size`."""

    operands = ("x",)
    axis: int
    start: Dim
    size: Dim

    def infer(self, ins: Types) -> Types:
        shape = list(ins[0].shape)
        shape[self.axis] = self.size
        return (ins[0].with_shape(*shape),)

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(Slice(self.axis, self.start, self.start + ins[0].type.shape[self.axis]), gy),)

    def numpy(self, code: Code) -> None:
        (x,), (y,) = code.ins, code.outs
        stop = self.start + code.types[0].shape[self.axis]
        code(f"{y}.fill(0)")
        code(f"np.copyto({code.view(part(code, y, self.axis, self.start, stop))}, {x})")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in ((2, 3), (1, 1), (2, 3, 4, 5), (2, 2, 3, 2, 2)):
            for axis in range(1, len(shape)):
                for start, extra in ((0, 1), (2, 0), (1, 2)):
                    yield Example(cls(axis, start, start + shape[axis] + extra), (TensorType("f64", shape),))


@primitive
class LastStep(_Move):
    """The last position of dimension 1: [N, T, …] becomes [N, …]."""

    operands = ("x",)

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        return (x.with_shape(x.shape[0], *x.shape[2:]),)

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        steps = ins[0].type.shape[1]
        shape = (ins[0].type.shape[0], 1, *ins[0].type.shape[2:])
        return (b(Unslice(1, steps - 1, steps), b(Reshape(shape), gy)),)

    def numpy(self, code: Code) -> None:
        code(f"np.copyto({code.outs[0]}, {code.view(f'{code.ins[0]}[:, -1]')})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("Gather", *code.ins, code.constant("i64", (), -1), axis=1)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for steps in (1, 2, 5, 7):
            for rest in ((), (4,), (1,), (4, 5), (1, 3), (3, 2, 3)):
                yield Example(cls(), (TensorType("f64", (2, steps, *rest)),))

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return fields[0] if SPATIAL.get(outs[0].rank) and len(SPATIAL[outs[0].rank]) == len(fields[0] or ()) else None
