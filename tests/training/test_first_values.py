"""First values of parameters: each initialiser's distribution, of its fan in and fan out, and the same by its seed."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import netc
from netc.runtime.initial import fill, generator

Array = NDArray[Any]
SHAPE = (40, 10, 5, 5)
FAN = (250, 1000)


def filled(kind: str, *arguments: float, shape: tuple[int, ...] = SHAPE) -> Array:
    out = np.full(shape, np.nan)
    fill(out, kind, arguments, FAN, generator(0, kind))
    return out


@pytest.mark.parametrize(
    ("kind", "arguments", "bound"),
    [
        ("uniform", (-0.5, 0.5), 0.5),
        ("fan_in_uniform", (), 1 / sqrt(250)),
        ("recurrent_uniform", (64,), 1 / 8),
        # Glorot and Bengio 2010, He et al. 2015; PyTorch's torch.nn.init has the formulas with gain and slope.
        ("xavier_uniform", (2,), 2 * sqrt(6 / 1250)),
        ("kaiming_uniform", (0,), sqrt(6 / 250)),
        ("kaiming_uniform", (2,), sqrt(6 / (5 * 250))),
    ],
)
def test_uniform(kind: str, arguments: tuple[float, ...], bound: float) -> None:
    """As far as the bound on both sides and no further, with the deviation of a uniform distribution."""
    numbers = filled(kind, *arguments)
    assert 0.99 * bound < numbers.max() <= bound
    assert -bound <= numbers.min() < -0.99 * bound
    assert numbers.std() == pytest.approx(bound / sqrt(3), rel=0.03)


def test_a_uniform_interval_has_two_ends() -> None:
    numbers = filled("uniform", 2, 5)
    assert (numbers.min(), numbers.max(), numbers.mean()) == pytest.approx((2, 5, 3.5), abs=0.05)


@pytest.mark.parametrize(
    ("kind", "arguments", "mean", "std"),
    [
        ("normal", (0.1, 3), 3, 0.1),
        ("xavier_normal", (2,), 0, 2 * sqrt(2 / 1250)),
        ("kaiming_normal", (0,), 0, sqrt(2 / 250)),
        ("kaiming_normal", (2,), 0, sqrt(2 / (5 * 250))),
        # Between −2 and 2 the standard normal distribution has the deviation √(1 − 4 φ(2) / (2 Φ(2) − 1)) = 0.8796.
        ("trunc_normal", (0.1, 3), 3, 0.08796),
    ],
)
def test_normal(kind: str, arguments: tuple[float, ...], mean: float, std: float) -> None:
    numbers = filled(kind, *arguments)
    assert numbers.mean() == pytest.approx(mean, abs=4 * std / sqrt(numbers.size))
    assert numbers.std() == pytest.approx(std, rel=0.03)


def test_a_truncated_normal_ends_at_two_deviations() -> None:
    assert 0.195 < np.abs(filled("trunc_normal", 0.1, 3) - 3).max() <= 0.2
    assert np.abs(filled("normal", 0.1, 3) - 3).max() > 0.3


@pytest.mark.parametrize("shape", [(6, 2, 2, 2), (8, 2, 2, 2), (20, 2, 2, 2)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    """The rows, or the columns where they are fewer, are orthonormal times the gain, with signs both ways."""
    matrix = filled("orthogonal", 3, shape=shape).reshape(shape[0], -1)
    product = matrix @ matrix.T if shape[0] <= 8 else matrix.T @ matrix
    np.testing.assert_allclose(product, 9 * np.eye(len(product)), atol=1e-12)
    assert 0.2 < (matrix > 0).mean() < 0.8


def test_an_orthogonal_matrix_is_any_of_them() -> None:
    """A QR decomposition gives one sign of the diagonal more often than the other; a uniform one does not."""
    firsts = []
    for seed in range(400):
        out = np.empty((3, 3))
        fill(out, "orthogonal", (1,), (3, 3), generator(seed, "w"))
        firsts.append(out[0, 0] > 0)
    assert 0.4 < np.mean(firsts) < 0.6


def test_constants() -> None:
    assert (filled("zeros") == 0).all()
    assert (filled("ones") == 1).all()
    assert (filled("constant", 0.25) == 0.25).all()
    assert np.array_equal(filled("values", 1, 2, 3, 4, shape=(2, 2)), [[1, 2], [3, 4]])


def test_each_parameter_has_numbers_of_its_own() -> None:
    """They depend on the seed and the name: a layer more changes no other layer's, and no two are alike."""
    short = "net t { input x: f32[N, 4]; a = x -> fc(4); b = a -> fc(4); output b"
    loss = "; target y: f32[N, 4]; train { loss = mse; optimizer = sgd(lr = 1) } }"

    def first(text: str, seed: int) -> dict[str, Array]:
        return dict(netc.loads(text + loss).trainer(N=1, seed=seed).state_dict())

    one, again, other = first(short, 1), first(short, 1), first(short, 2)
    longer = first(short.replace("a -> fc(4)", "a -> fc(4) -> fc(4)").replace("output b", "output b"), 1)
    assert all(np.array_equal(one[name], again[name]) for name in one)
    assert not any(np.array_equal(one[name], other[name]) for name in one)
    assert not np.array_equal(one["a.weight"], one["b.weight"])
    assert np.array_equal(one["a.weight"], longer["a.weight"])
