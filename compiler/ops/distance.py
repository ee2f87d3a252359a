"""Distances between vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.field import Field
from ..graph.formula import Formula, named
from ..graph.op import Example, Gradients, Op, OpError, Types, Values, primitive
from ..graph.tensor import TensorType
from .arithmetic import Affine, Mul, Sub
from .linear import Linear, Outer
from .reduce import Sum
from .reshape import Reshape

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


@primitive
class SquaredDistance(Op):
    """y[…, i] = Σ (x[…, f] − codes[i, f])² over the features f: x [N, …, features], codes [classes, features]."""

    operands = ("x", "codes")

    def infer(self, ins: Types) -> Types:
        x, codes = ins
        if x.shape[-1] != codes.shape[1]:
            raise OpError(
                "shape-mismatch", f"the codes have {codes.shape[1]} features, the input {x.shape[-1]}", operand=0
            )
        return (x.with_shape(*x.shape[:-1], codes.shape[0]),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """For each distance: a subtraction and a multiplication for each feature, and one addition less than that."""
        return (3 * named("features", ins[1].shape[1]) - 1) * named("distances", outs[0].elements)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        """2 (x Σᵢ gyᵢ − gy · codes) by x, and 2 (codesᵢ Σ gyᵢ − gyᵢ · x) by the codes."""
        (gy,), (x, codes) = gys, ins
        assert gy is not None
        last = gy.type.rank - 1
        weights = b(Sum((last,), True), gy)
        gx = b(Sub(), b(Mul(), x, weights), b(Linear(transposed=True), gy, codes))
        each = b(Reshape((codes.type.shape[0], 1)), b(Sum(tuple(range(last)), False), gy))
        gcodes = b(Sub(), b(Mul(), codes, each), b(Outer(), gy, x))
        return b(Affine(factor=2.0), gx), b(Affine(factor=2.0), gcodes)

    def numpy(self, code: Code) -> None:
        x, y = code.matrix(code.ins[0], code.types[0]), code.matrix(code.outs[0], code.out_types[0])
        code.call("distance.squared_distance", x, code.ins[1], y, code.scratch(*code.types[0].shape[-1:]))

    def onnx(self, code: OnnxCode) -> None:
        x, codes = code.ins
        last = code.types[0].rank
        apart = code.node("Sub", code.node("Unsqueeze", x, code.ints(last - 1)), codes)
        code.last("ReduceSum", code.node("Mul", apart, apart), code.ints(last), keepdims=0)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape, classes in product(((2, 3), (1, 1), (5, 2), (1, 7), (2, 3, 4), (1, 5, 1), (3, 1, 3)), (1, 4, 3)):
            yield Example(cls(), (TensorType("f64", shape), TensorType("f64", (classes, shape[-1]))))
