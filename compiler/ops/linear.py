"""The product of features with a weight matrix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from ..graph.code import Code
from ..graph.field import Field
from ..graph.formula import Formula, named, times
from ..graph.op import Along, Example, Gradients, Op, OpError, Types, Values, of_products, primitive
from ..graph.tensor import TensorType
from .fill import Fill, FillLike
from .reduce import Sum
from .steps import Before, OuterBefore

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


@primitive
class Linear(Op):
    """y = x · wᵀ + bias over the last dimension: x [N, …, in], w [out, in], bias [out] if given.

    With `transposed`, w is [in, out] and y = x · w + bias.
    """

    operands = ("x", "weight", "bias")
    transposed: bool = False

    def infer(self, ins: Types) -> Types:
        x, w = ins[:2]
        units, features = w.shape[::-1] if self.transposed else w.shape
        if x.shape[-1] != features:
            raise OpError(
                "shape-mismatch", f"the weight reads {features} features, the input {x} has {x.shape[-1]}", operand=0
            )
        return (x.with_shape(*x.shape[:-1], units),)

    def macs(self, ins: Types, outs: Types) -> Formula:
        x, y = ins[0], outs[0]
        names = ("batch", "steps") if x.rank == 3 else ("batch",)
        return times(
            (
                named("features in", x.shape[-1]),
                named("features out", y.shape[-1]),
                *(named(name, size) for name, size in zip(names, x.shape[:-1], strict=True)),
            )
        )

    def flops(self, ins: Types, outs: Types) -> Formula:
        return of_products(self.macs(ins, outs), ins, outs)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        x, w, *bias = ins
        # The sum first: it reads gy while that is in cache, which the products drive out.
        gb = [b(Sum(tuple(range(gy.type.rank - 1)), False), gy) for _ in bias]
        gw = b(Outer(), x, gy) if self.transposed else b(Outer(), gy, x)
        gx = b(Linear(not self.transposed), gy, w)
        return (gx, gw, *gb)

    def over_steps(self) -> Literal["rows"]:
        return "rows"

    def numpy(self, code: Code) -> None:
        x, y = code.ins[0], code.outs[0]
        if code.types[0].rank != 2:
            x, y = code.matrix(x, code.types[0]), code.matrix(y, code.out_types[0])
        w = code.ins[1] if self.transposed else code.view(f"{code.ins[1]}.T")
        code(f"np.matmul({x}, {w}, out={y})")
        if len(code.ins) == 3:
            code(f"np.add({y}, {code.ins[2]}, out={y})")

    def onnx(self, code: OnnxCode) -> None:
        x, w, *bias = code.ins
        if code.types[0].rank == 2:
            code.last("Gemm", x, w, *bias, transB=int(not self.transposed))
            return
        matrix = w if self.transposed else code.node("Transpose", w, perm=(1, 0))
        if bias:
            code.last("Add", code.node("MatMul", x, matrix), *bias)
        else:
            code.last("MatMul", x, matrix)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape, units in (((2, 3), 4), ((1, 1), 1), ((5, 1), 3), ((3, 4), 1), ((2, 3, 4), 5), ((1, 1, 1), 2)):
            for transposed in (False, True):
                weight = (shape[-1], units) if transposed else (units, shape[-1])
                types = [TensorType("f64", size) for size in (shape, weight, (units,))]
                yield Example(cls(transposed), tuple(types))
                yield Example(cls(transposed), tuple(types[:2]))


@primitive
class Outer(Op):
    """y[i, j] = Σ left[…, i] · right[…, j] over all but the last dimension: the gradient of a weight matrix."""

    operands = ("left", "right")

    def infer(self, ins: Types) -> Types:
        left, right = ins
        if left.shape[:-1] != right.shape[:-1]:
            raise OpError("shape-mismatch", f"{left} and {right} have not the same rows")
        return (left.with_shape(left.shape[-1], right.shape[-1]),)

    def macs(self, ins: Types, outs: Types) -> Formula:
        return times((named("elements of the left", ins[0].elements), named("columns", ins[1].shape[-1])))

    def flops(self, ins: Types, outs: Types) -> Formula:
        return 2 * named("MACs", self.macs(ins, outs).value)

    def over_steps(self) -> Literal["sum"]:
        return "sum"

    def simplify(self, b: Make, ins: Values) -> Values | None:
        """Of what a loop had before each step, which starts from zero, the first step adds nothing."""
        for place, value in enumerate(ins):
            made = b.producer(value)
            if made is None or not isinstance(made.op, Before) or value.type.rank != 2:
                continue
            first, stack = made.ins
            start = b.producer(first)
            if start is not None and isinstance(start.op, Fill | FillLike) and start.op.value == 0:
                pair = (stack, ins[1]) if place == 0 else (ins[0], stack)
                return (b(OuterBefore(place, first.type.shape[0], made.op.reverse), *pair),)
        return None

    def along(self) -> Along:
        return Along((-1, None), 0)

    def numpy(self, code: Code) -> None:
        left, right = (code.matrix(name, type) for name, type in zip(code.ins, code.types, strict=True))
        code(f"np.matmul({code.view(f'{left}.T')}, {right}, out={code.outs[0]})")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for rows in ((1,), (3,), (2, 3), (1, 1)):
            for left, right in ((1, 1), (4, 5), (1, 3)):
                yield Example(cls(), (TensorType("f64", (*rows, left)), TensorType("f64", (*rows, right))))
