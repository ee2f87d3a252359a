"""Updates of parameters against the formulas of their papers, written out for whole arrays in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from netc.runtime.kernels import optimizers

Array = NDArray[Any]
# As PyTorch 2.13 has them: torch/optim, the single-tensor forms.
Rule = Callable[..., tuple[Array, ...]]


def sgd(
    p: Array, g: Array, *v: Array, lr: float, momentum: float, nesterov: bool, weight_decay: float, step: int
) -> Any:
    g = g + weight_decay * p
    if not v:
        return (p - lr * g,)
    moved = momentum * v[0] + g
    return p - lr * (g + momentum * moved if nesterov else moved), moved


def adam(
    p: Array, g: Array, m: Array, v: Array, *, lr: float, beta1: float, beta2: float, eps: float, weight_decay: float,
    step: int,
) -> Any:  # fmt: skip
    g = g + weight_decay * p
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    return p - lr * (m / (1 - beta1**step)) / (np.sqrt(v / (1 - beta2**step)) + eps), m, v


def adamw(p: Array, g: Array, m: Array, v: Array, *, lr: float, weight_decay: float, **rest: Any) -> Any:
    return adam(p - lr * weight_decay * p, g, m, v, lr=lr, weight_decay=0, **rest)


def rmsprop(
    p: Array, g: Array, v: Array, *moved: Array, lr: float, decay: float, eps: float, momentum: float,
    weight_decay: float, step: int,
) -> Any:  # fmt: skip
    g = g + weight_decay * p
    v = decay * v + (1 - decay) * g**2
    direction = g / (np.sqrt(v) + eps)
    if not moved:
        return p - lr * direction, v
    direction = momentum * moved[0] + direction
    return p - lr * direction, v, direction


def adagrad(p: Array, g: Array, v: Array, *, lr: float, eps: float, weight_decay: float, step: int) -> Any:
    g = g + weight_decay * p
    v = v + g**2
    return p - lr * g / (np.sqrt(v) + eps), v


BETAS = {"beta1": 0.9, "beta2": 0.99, "eps": 1e-3}
CASES: dict[str, tuple[Rule, int, dict[str, Any]]] = {
    "sgd": (sgd, 0, {"momentum": 0.0, "nesterov": False}),
    "sgd momentum": (sgd, 1, {"momentum": 0.9, "nesterov": False}),
    "sgd nesterov": (sgd, 1, {"momentum": 0.9, "nesterov": True}),
    "adam": (adam, 2, BETAS),
    "adamw": (adamw, 2, BETAS),
    "rmsprop": (rmsprop, 1, {"decay": 0.9, "eps": 1e-3, "momentum": 0.0}),
    "rmsprop momentum": (rmsprop, 2, {"decay": 0.9, "eps": 1e-3, "momentum": 0.5}),
    "adagrad": (adagrad, 1, {"eps": 1e-3}),
}


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("scratch", [2, 7, 16, 40], ids=lambda size: f"scratch {size}")
@pytest.mark.parametrize("name", CASES)
def test_steps(name: str, scratch: int, weight_decay: float) -> None:
    """Three steps, whatever the size of the chunks, of which the last may be short; only the arrays that belong to the
    rule change."""
    rule, slots, arguments = CASES[name]
    rng = np.random.default_rng(0)
    p, wanted = rng.normal(size=16), rng.normal(size=16)
    wanted[:] = p
    kept: list[Array] = [np.zeros(16) for _ in range(slots)]
    expected: tuple[Array, ...] = tuple(array.copy() for array in kept)
    g = np.empty(16)
    move = optimizers.bound(getattr(optimizers, name.split()[0]), np.full(scratch, np.nan), p, g, *kept)
    for step in (1, 2, 3):
        g[:] = rng.normal(size=16)
        given = {**arguments, "lr": 0.1 / step, "weight_decay": weight_decay, "step": step}
        before = g.copy()
        move(**given)
        wanted, *after = rule(wanted, before, *expected, **given)
        expected = tuple(after)
        np.testing.assert_array_equal(g, before)
        for found, right in zip((p, *kept), (wanted, *expected), strict=True):
            np.testing.assert_allclose(found, right, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("scratch", [2, 5, 40])
@pytest.mark.parametrize(("limit", "norm"), [(1.0, 1.0), (4.9, 4.9), (5.1, 5.0), (100.0, 5.0)])
def test_gradients_are_clipped_together(limit: float, norm: float, scratch: int) -> None:
    g = np.array([0.0, 3.0, 0.0, 0.0, -4.0, 0.0, 0.0])
    optimizers.clip_norm(g, limit, np.full(scratch, np.nan))
    assert np.linalg.norm(g) == pytest.approx(norm, rel=1e-6)
    np.testing.assert_allclose(g, norm / 5 * np.array([0, 3, 0, 0, -4, 0, 0]), rtol=1e-6)
