"""Functions, normalisations and losses against 50 digits (golden.json, by golden.py), and what infinities and NaN
give, as docs/training.md says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from netc.compiler.graph.op import Op
from netc.compiler.graph.tensor import DType, TensorType
from netc.compiler.ops.activations import Elu, Gelu, GeluTanh, HardSigmoid, HardSwish, Silu
from netc.compiler.ops.layernorm import LayerNorm
from netc.compiler.ops.losses import Bce, CrossEntropy
from netc.compiler.ops.norm import BatchNorm
from netc.compiler.ops.softmax import LogSoftmax, Softmax
from netc.compiler.ops.unary import Exp, Log, LogSigmoid, Sigmoid, Sqrt, Tanh

from ..conftest import Promise
from . import golden
from .harness import forward, trained

Array = NDArray[Any]
TABLES = json.loads(golden.PATH.read_text("utf-8"))["tables"]
ALLOWED: dict[DType, float] = {"f32": 1e-6, "f64": 1e-14}
NUMPY = {"f32": np.float32, "f64": np.float64}
UNARY: dict[str, Op] = {
    "sigmoid": Sigmoid(), "log_sigmoid": LogSigmoid(), "tanh": Tanh(), "silu": Silu(), "gelu": Gelu(),
    "gelu of tanh": GeluTanh(), "elu": Elu(1.5), "hardsigmoid": HardSigmoid(), "hardswish": HardSwish(), "exp": Exp(),
    "log": Log(), "sqrt": Sqrt(),
}  # fmt: skip


def type_of(array: Array) -> TensorType:
    return TensorType("f32" if array.dtype == np.float32 else "f64", array.shape)


def of(op: Op, *arrays: Array, run: Callable[..., Any] = forward) -> Array:
    """The first result of an operation on arrays."""
    return np.asarray(run(op, [type_of(array) for array in arrays]).run(arrays)[0])


def values(name: str, x: Array, table: dict[str, Any]) -> Array:
    """What the operation of a table gives for its points."""
    if name in UNARY:
        return of(UNARY[name], x)
    if name in golden.STATISTICS:
        statistics = [np.full(1, number, x.dtype) for number in golden.STATISTICS[name]]
        op = BatchNorm(1, 0.9, golden.EPS, True, True)
        return of(op, x[:, None], *statistics)[:, 0]
    match name:
        case "softmax":
            return of(Softmax(1), x)
        case "log_softmax":
            return of(LogSoftmax(1), x)
        case "layernorm":
            return of(LayerNorm(golden.EPS, False, False), x)
        case "batchnorm in training" | "batchnorm in training far from 0":
            running = [np.zeros(len(x), x.dtype), np.ones(len(x), x.dtype)]
            return of(BatchNorm(0, 0.9, golden.EPS, False, False), x, *running, run=trained)
        case "cross_entropy":
            loss = forward(CrossEntropy(1, None), [type_of(x[:1]), TensorType("i64", (1,))])
            return np.array([[loss.run([row[None], np.array([label])])[0] for label in range(4)] for row in x])
        case "bce with logits":
            loss = forward(Bce(), [type_of(x[:1])] * 2)
            target = np.array(table["target"], x.dtype)
            return np.array([loss.run([x[n : n + 1], target[n : n + 1]])[0] for n in range(len(x))])
    raise KeyError(name)


def allowed(name: str, x: Array, dtype: DType) -> Array:
    """What a value may be off by, beside max(1, |y|). A mean that is large beside the deviation is only known to the
    last digit of its type, in PyTorch too, which batch norm in training then shows."""
    if name != "batchnorm in training far from 0":
        return np.full(1, ALLOWED[dtype])
    return np.asarray(ALLOWED[dtype] * np.abs(x.mean(1, keepdims=True)) / x.std(1, keepdims=True))


@pytest.mark.promise("P9", "200 points each of functions, normalisations and losses, in both float types", 6_000)
@pytest.mark.parametrize("dtype", ["f32", "f64"])
@pytest.mark.parametrize("name", TABLES)
def test_a_table(name: str, dtype: DType, promise: Promise) -> None:
    table = TABLES[name]
    x, wanted = np.array(table["x"]), np.array(table["y"])
    found = values(name, x.astype(NUMPY[dtype]), table)
    assert found.shape == wanted.shape
    assert wanted.size == golden.POINTS
    assert np.isfinite(found).all()
    part = np.abs(found - wanted) / np.maximum(np.abs(wanted), 1) / allowed(name, x, dtype)
    promise(wanted.size, int((part > 1).sum()), **{f"part_of_what_is_allowed_in_{dtype}": part.max()})
    assert part.max() <= 1, f"at {x.flat[int(part.argmax())]!r}"


def test_the_tables_are_those_of_the_script() -> None:
    assert golden.tables() == TABLES


NAN, INF = math.nan, math.inf
# For −∞, ∞ and NaN.
AT_INFINITY = {
    "sigmoid": (0.0, 1.0, NAN), "log_sigmoid": (-INF, 0.0, NAN), "tanh": (-1.0, 1.0, NAN), "elu": (-1.5, INF, NAN),
    "hardsigmoid": (0.0, 1.0, NAN), "exp": (0.0, INF, NAN), "log": (NAN, INF, NAN), "sqrt": (NAN, INF, NAN),
    "silu": (None, INF, NAN), "gelu": (None, INF, NAN), "gelu of tanh": (None, INF, NAN), "hardswish": (None, INF, NAN),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.parametrize("dtype", ["f32", "f64"])
@pytest.mark.parametrize("name", UNARY)
def test_infinities_and_nan(name: str, dtype: DType) -> None:
    """The limit, or no number where there is none; where the formula says −∞ · 0, nothing is promised."""
    found = of(UNARY[name], np.array([-INF, INF, NAN], NUMPY[dtype]))
    for got, wanted in zip(found, AT_INFINITY[name], strict=True):
        if wanted is not None:
            assert got == pytest.approx(wanted, abs=1e-37, nan_ok=True)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.parametrize("op", [Softmax(1), LogSoftmax(1)], ids=["softmax", "log_softmax"])
def test_rows_with_infinities_and_nan(op: Op) -> None:
    """A score of −∞ has the probability 0; a row with ∞ or NaN, or of −∞ alone, gives NaN and leaves the others be."""
    x = np.array([[-INF, 0, 0], [INF, 0, 1], [NAN, 0, 1], [-INF, -INF, -INF], [0, 0, 0]])
    found = of(op, x)
    usual = np.array([[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]])
    with np.errstate(divide="ignore"):
        wanted = np.log(usual) if isinstance(op, LogSoftmax) else usual
    np.testing.assert_allclose(found[[0, 4]], wanted, rtol=1e-14)
    assert np.isnan(found[1:4]).any(axis=1).all()
