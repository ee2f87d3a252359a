"""Functions and losses stay finite and accurate for large numbers, and no warning comes out of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from netc.compiler.graph.op import Op
from netc.compiler.graph.tensor import DType, TensorType
from netc.compiler.ops.activations import Elu, Gelu, GeluTanh, HardSigmoid, HardSwish, Silu
from netc.compiler.ops.losses import Bce, CrossEntropy, Nll
from netc.compiler.ops.softmax import LogSoftmax, Softmax
from netc.compiler.ops.unary import Abs, LeakyRelu, LogSigmoid, Relu, Sigmoid, Tanh

from .harness import backward, forward

Array = NDArray[Any]
# What a number may be off by: relative to a value above 1, absolute below it.
ALLOWED: dict[DType, float] = {"f32": 1e-6, "f64": 1e-14}
NUMPY = {"f32": np.float32, "f64": np.float64}
GRID = np.concatenate([np.linspace(-12, 12, 2401), [0.0, -0.0], *(s * np.logspace(-30, 4, 200) for s in (-1, 1))])


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


def density(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def gelu(x: float) -> float:
    return x * math.erfc(-x / math.sqrt(2)) / 2


def inner(x: float) -> float:
    return 2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)


def gelu_tanh_slope(x: float) -> float:
    s = sigmoid(inner(x))
    return s + x * s * sigmoid(-inner(x)) * 2 * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)


# Each function with its value and slope, in forms that lose nothing in float64.
FUNCTIONS: list[tuple[Op, Callable[[float], float], Callable[[float], float] | None]] = [
    (Sigmoid(), sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
    (LogSigmoid(), lambda x: min(x, 0) - math.log1p(math.exp(-abs(x))), lambda x: sigmoid(-x)),
    (Tanh(), math.tanh, lambda x: 4 * sigmoid(2 * x) * sigmoid(-2 * x)),
    (Silu(), lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * sigmoid(-x))),
    (Gelu(), gelu, lambda x: math.erfc(-x / math.sqrt(2)) / 2 + x * density(x)),
    (GeluTanh(), lambda x: x * sigmoid(inner(x)), gelu_tanh_slope),
    (Elu(1.5), lambda x: x if x > 0 else 1.5 * math.expm1(x), lambda x: 1.0 if x > 0 else 1.5 * math.exp(x)),
    (HardSigmoid(), lambda x: min(max(x / 6 + 0.5, 0), 1), None),
    (HardSwish(), lambda x: x * min(max(x / 6 + 0.5, 0), 1), None),
    (Relu(), lambda x: max(x, 0), None),
    (LeakyRelu(0.1), lambda x: x if x > 0 else 0.1 * x, None),
    (Abs(), abs, None),
]


def near(found: Array, wanted: Array, dtype: DType, times: float = 1) -> None:
    assert np.isfinite(found).all()
    error = np.abs(found - wanted) / np.maximum(np.abs(wanted), 1)
    assert error.max() <= times * ALLOWED[dtype], f"{error.max():.2e} at number {int(error.argmax())}"


@pytest.mark.parametrize("dtype", ["f32", "f64"])
@pytest.mark.parametrize(("op", "value", "slope"), FUNCTIONS, ids=lambda item: type(item).__name__)
def test_functions(
    op: Op, value: Callable[[float], float], slope: Callable[[float], float] | None, dtype: DType
) -> None:
    x = GRID.astype(NUMPY[dtype])
    type = TensorType(dtype, x.shape)
    near(forward(op, (type,)).run([x])[0], np.array([value(float(v)) for v in x]), dtype)
    (gradient,) = backward(op, (type,))[0].run([x, np.ones_like(x)])
    assert np.isfinite(gradient).all()
    if slope is not None:
        # The slope of GeluTanh takes up to 20 times the rounding of 1 − tanh².
        near(gradient, np.array([slope(float(v)) for v in x]), dtype, 2)


@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_a_small_sigmoid_keeps_its_digits(dtype: DType) -> None:
    """Relative to itself, which a logarithm shows, down to where eˣ leaves the type."""
    x = np.linspace(-87, 10, 400).astype(NUMPY[dtype])
    type = TensorType(dtype, x.shape)
    wanted = np.array([sigmoid(float(v)) for v in x])
    found = forward(Sigmoid(), (type,)).run([x])[0]
    assert (np.abs(found - wanted) / wanted).max() <= 3 * ALLOWED[dtype]
    below = np.full(x.shape, -1e4, NUMPY[dtype])
    assert (forward(Sigmoid(), (type,)).run([below])[0] < 1e-38).all()


@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_binary_cross_entropy(dtype: DType) -> None:
    """−t log σ(x) − (1 − t) log σ(−x) = max(x, 0) − x t + log(1 + e^−|x|)."""
    for x, target in ((1e4, 0.0), (1e4, 1.0), (-1e4, 1.0), (-1e4, 0.25), (0.0, 0.5), (30.0, 1.0), (-90.0, 0.0)):
        given = [np.full(3, number, NUMPY[dtype]) for number in (x, target)]
        types = (TensorType(dtype, (3,)),) * 2
        wanted = max(x, 0) - x * target + math.log1p(math.exp(-abs(x)))
        near(forward(Bce(), types).run(given)[0], np.array(wanted), dtype)
        gradient = backward(Bce(), types)[0].run([*given, np.ones((), NUMPY[dtype])])[0]
        near(gradient, np.full(3, (sigmoid(x) - target) / 3), dtype)


@pytest.mark.parametrize("dtype", ["f32", "f64"])
@pytest.mark.parametrize("rows", [[[1e4, -1e4, 0.0]], [[-1e4, -1e4, -1e4]], [[3e4, 3e4 - 1, 2e4]], [[1e-9, 0, -1e-9]]])
def test_softmax_and_cross_entropy(rows: list[list[float]], dtype: DType) -> None:
    x = np.array(rows, NUMPY[dtype])
    type, labels = TensorType(dtype, x.shape), TensorType("i64", (1,))
    wide = x[0].astype(np.float64) - float(x.max())
    logs = wide - math.log(math.fsum(math.exp(v) for v in wide))
    near(forward(Softmax(1), (type,)).run([x])[0][0], np.exp(logs), dtype)
    near(forward(LogSoftmax(1), (type,)).run([x])[0][0], logs, dtype)
    for label in range(3):
        given = [x, np.array([label])]
        near(forward(CrossEntropy(1, None), (type, labels)).run(given)[0], np.array(-logs[label]), dtype)
        gradient = backward(CrossEntropy(1, None), (type, labels))[0].run([*given, np.ones((), NUMPY[dtype])])[0]
        near(gradient[0], np.exp(logs) - (np.arange(3) == label), dtype)


@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_a_score_of_minus_infinity_that_does_not_count(dtype: DType) -> None:
    """A probability of 0 in a row that is ignored; −∞ · 0 would be NaN."""
    logs = np.array([[-math.inf, -1.0], [-2.0, -0.5]], NUMPY[dtype])
    types = (TensorType(dtype, logs.shape), TensorType("i64", (2,)))
    for ignore, labels in ((-1, [-1, 0]), (0, [0, 1])):
        (loss,) = forward(Nll(1, ignore), types).run([logs, np.array(labels)])
        near(loss, np.array([2.0, 0.5][max(labels)]), dtype)
    (loss,) = forward(Nll(1, -1), types).run([logs, np.array([0, 0])])
    assert loss == math.inf
