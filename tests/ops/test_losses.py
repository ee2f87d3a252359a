"""What a loss takes: a target for each prediction, or a class for each place."""

from __future__ import annotations

import pytest

from netc.compiler.graph.op import Op, OpError
from netc.compiler.graph.tensor import DType, TensorType
from netc.compiler.ops.losses import Bce, CrossEntropy, Mae, Mse, Nll


def refused(op: Op, *types: tuple[DType, tuple[int, ...]]) -> str:
    with pytest.raises(OpError) as caught:
        op.infer(tuple(TensorType(dtype, shape) for dtype, shape in types))
    return caught.value.code


@pytest.mark.parametrize("op", [CrossEntropy(1), Nll(1)], ids=lambda op: type(op).__name__)
def test_classes(op: Op) -> None:
    scores: tuple[DType, tuple[int, ...]] = ("f32", (5, 3))
    assert refused(op, scores, ("i64", (4,))) == "shape-mismatch"
    assert refused(op, scores, ("i64", (5, 1))) == "shape-mismatch"
    assert refused(op, scores, ("i64", (3,))) == "shape-mismatch"
    assert refused(op, scores, ("f32", (5,))) == "shape-mismatch"
    assert refused(op, ("i64", (5, 3)), ("i64", (5,))) == "element-type"
    assert op.infer((TensorType("f32", (5, 3)), TensorType("i64", (5,))))[0] == TensorType("f32", ())


@pytest.mark.parametrize("op", [Mse(), Mae(), Bce()], ids=lambda op: type(op).__name__)
def test_numbers(op: Op) -> None:
    assert refused(op, ("f32", (5, 3)), ("f32", (5, 1))) == "shape-mismatch"
    assert refused(op, ("f32", (5, 3)), ("f32", (5,))) == "shape-mismatch"
    assert refused(op, ("f32", (5, 3)), ("f64", (5, 3))) == "shape-mismatch"
    assert refused(op, ("i64", (5,)), ("i64", (5,))) == "element-type"
    assert op.infer((TensorType("f64", (5, 3)), TensorType("f64", (5, 3))))[0] == TensorType("f64", ())
