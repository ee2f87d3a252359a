"""Reductions along dimensions, and the spreading that undoes their shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from ..graph.code import Code, channels_last, storage
from ..graph.dims import Shape, product
from ..graph.field import Field
from ..graph.formula import NOTHING, Formula, named
from ..graph.graph import Value
from ..graph.images import want_float
from ..graph.op import SHAPES, Example, Gradients, Op, OpError, Types, Values, elements, primitive
from ..graph.tensor import TensorType
from .reshape import Reshape

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode

# The numbers of a row up to which whole lines of an image are summed first, as measured.
SHORT = 64


@primitive
class Mean(Op):
    """The mean along `axis`, which is left out of the result."""

    operands = ("x",)
    axis: int

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        want_float(x)
        return (x.with_shape(*(size for place, size in enumerate(x.shape) if place != self.axis)),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """An addition for each element that is summed, and a division for each mean."""
        return named("elements in", ins[0].elements) + named("means", outs[0].elements)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(SpreadMean(self.axis, ins[0].type), gy),)

    def numpy(self, code: Code) -> None:
        code(f"np.mean({code.ins[0]}, axis={self.axis}, out={code.outs[0]})")

    def onnx(self, code: OnnxCode) -> None:
        if code.opset >= 18:
            code.last("ReduceMean", *code.ins, code.ints(self.axis), keepdims=0)
        else:
            code.last("ReduceMean", *code.ins, axes=(self.axis,), keepdims=0)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in SHAPES:
            for axis in range(1, len(shape)):
                yield Example(cls(axis), (TensorType("f64", shape),))


@primitive
class SpreadMean(Op):
    """The gradient of Mean: gy / size at every position of dimension `axis` of `type`."""

    operands = ("gy",)
    axis: int
    type: TensorType

    def infer(self, ins: Types) -> Types:
        return (self.type,)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return elements(ins[0])

    def numpy(self, code: Code) -> None:
        (gy,), (gx,) = code.ins, code.outs
        code(f"np.divide(np.expand_dims({gy}, {self.axis}), {code.size(self.type.shape[self.axis])}, out={gx})")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in ((3, 4), (1, 5), (2, 1), (2, 3, 4), (2, 3, 4, 5)):
            for axis in range(1, len(shape)):
                left = shape[:axis] + shape[axis + 1 :]
                yield Example(cls(axis, TensorType("f64", shape)), (TensorType("f64", left),))


@primitive
class Sum(Op):
    """The sum along `axes`; with `keep` they stay as 1, else they are left out of the result."""

    operands = ("x",)
    axes: tuple[int, ...]
    keep: bool

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        kept = ((place, size) for place, size in enumerate(x.shape) if self.keep or place not in self.axes)
        return (x.with_shape(*(1 if place in self.axes else size for place, size in kept)),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """An addition for each element that is summed."""
        return named("elements in", ins[0].elements)

    def simplify(self, b: Make, ins: Values) -> Values | None:
        return ins if not self.axes else None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        if not self.keep:
            shape = tuple(1 if place in self.axes else size for place, size in enumerate(ins[0].type.shape))
            gy = b(Reshape(shape), gy)
        return (b(Expand(ins[0].type.shape), gy),)

    def over_steps(self) -> Literal["rows", "sum"]:
        return "sum" if 0 in self.axes else "rows"

    def numpy(self, code: Code) -> None:
        (x,), (y,), (type,) = code.ins, code.outs, code.types
        kept = [place for place in range(type.rank) if place not in self.axes]
        last = 1 if channels_last(type) else type.rank - 1
        if kept == [last] and not self.keep and type.rank > 1:
            self._by_columns(code)
        elif kept == [0] and not self.keep and type.rank == 2:
            ones = code.scratch(type.shape[1])
            code(f"{ones}.fill(1)")
            code(f"np.matmul({x}, {ones}, out={y})")
        else:
            code(f"np.sum({x}, axis={self.axes}, out={y}{', keepdims=True' if self.keep else ''})")

    def _by_columns(self, code: Code) -> None:
        """All but the dimension that is stored last: BLAS sums the rows of a matrix much faster than NumPy, and long
        rows faster than many short ones."""
        (x,), (y,), (type,) = code.ins, code.outs, code.types
        *rows, width, numbers = storage(type)
        if channels_last(type) and code.number(numbers) < SHORT:
            part, ones = code.scratch(width, numbers), code.scratch(product(rows))
            lines = code.view(
                f"{code.stored(x, type)}.reshape({code.size(product(rows))}, {code.size(width * numbers)})"
            )
            code(f"{ones}.fill(1)")
            code(f"np.matmul({ones}, {lines}, out={code.view(f'{part}.reshape(-1)')})")
            code(f"np.sum({part}, axis=0, out={y})")
            return
        ones = code.scratch(product((*rows, width)))
        code(f"{ones}.fill(1)")
        code(f"np.matmul({ones}, {code.matrix(x, type)}, out={y})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("ReduceSum", *code.ins, code.ints(*self.axes), keepdims=int(self.keep))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in ((3, 4), (1, 5), (2, 1), (2, 3, 4), (2, 1, 5), (2, 3, 4, 5), (3, 2, 1, 1)):
            axes = range(len(shape))
            for some in ((0,), tuple(axes[:-1]), (axes[-1],), tuple(axes), tuple(a for a in axes if a != 1)):
                for keep in (False, True):
                    yield Example(cls(some, keep), (TensorType("f64", shape),))


@primitive
class Expand(Op):
    """x with dimensions of size 1 repeated to `shape`."""

    operands = ("x",)
    shape: Shape

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        if x.rank != len(self.shape) or any(a not in (1, b) for a, b in zip(x.shape, self.shape, strict=True)):
            raise OpError("shape-mismatch", f"{x} cannot be spread to {self.shape}")
        return (x.with_shape(*self.shape),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return NOTHING

    def simplify(self, b: Make, ins: Values) -> Values | None:
        return ins if ins[0].type.shape == self.shape else None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (sum_to(b, gy, ins[0].type.shape),)

    def numpy(self, code: Code) -> None:
        code(f"np.copyto({code.outs[0]}, {code.ins[0]})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("Expand", *code.ins, code.node("Concat", *(code.size(dim) for dim in self.shape), axis=0))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for large in ((3,), (2, 3), (2, 5, 4), (2, 3, 4, 5), (3, 2, 1, 7), (2, 3, 2, 3, 2)):
            for some in (range(1), range(1, 2), range(len(large)), range(2, len(large)), range(0, len(large), 2)):
                small = tuple(1 if place in some else size for place, size in enumerate(large))
                yield Example(cls(large), (TensorType("f64", small),))


def sum_to(b: Make, gy: Value, shape: Shape) -> Value:
    """The gradient of spreading: gy summed over the dimensions in which `shape` is 1."""
    axes = tuple(
        place for place, (a, size) in enumerate(zip(shape, gy.type.shape, strict=True)) if a == 1 and size != 1
    )
    return b(Sum(axes, True), gy)
