"""Functions, normalisations and losses to 50 digits by mpmath, at 200 points each: writes golden.json.

    python -m tests.ops.golden

Every point is a float32, so that one table serves both float types; values are rounded to float64 once.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PATH = Path(__file__).with_name("golden.json")
DIGITS, POINTS, LARGEST = 50, 200, 1e4
# The statistics that batch norm predicts with: of a usual channel, and of one far from 0, where what is left of a
# difference is small.
STATISTICS = {"batchnorm": (3.25, 2.5, 1.5, -0.5), "batchnorm far from 0": (5000.0, 0.75, 0.5, 0.25)}
EPS = 1e-5

Rows = list[list[float]]


def spread() -> list[float]:
    """Numbers of both signs: evenly around 0, over all magnitudes, and where exponentials leave float32 and float64."""
    edges = [0.0, -0.0, 88.72, 88.75, -87.33, -87.35, -103.9, -104.0, 709.7, 709.8, -708.4, -745.1, -745.2]
    even = np.linspace(-20, 20, 87)
    sizes = np.geomspace(1e-30, LARGEST, 50)
    return exact([*edges, *even, *sizes, *-sizes])


def exact(numbers: Any) -> list[float]:
    found = [float(np.float32(number)) for number in numbers]
    assert len(found) == POINTS
    assert max(map(abs, found)) <= LARGEST
    return found


def rows(numbers: list[float]) -> Rows:
    """Rows of four that hold all kinds of differences."""
    order = np.random.default_rng(0).permutation(numbers)
    return [[float(x) for x in row] for row in order.reshape(-1, 4)]


def channels(far: bool) -> Rows:
    """Batches of 50 for four channels, whose mean is `far` from 0 beside how much their numbers differ, or is not."""
    rng = np.random.default_rng(0)
    usual = rng.normal(size=(4, 50))
    if far:
        made = [5000 + usual[0], 1 + 1e-3 * usual[1], usual[2] - 100, 9900 + 10 * usual[3]]
    else:
        made = [usual[0], rng.uniform(-LARGEST, LARGEST, 50), 3 + usual[2], np.exp(usual[3])]
    return [[float(np.float32(x)) for x in row] for row in made]


def tables() -> dict[str, dict[str, Any]]:
    """The points and values of every function."""
    from mpmath import mp, mpf

    mp.dps = DIGITS

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + mp.exp(-x))

    def tanh_gelu(x: Any) -> Any:
        return x * sigmoid(2 * mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3))

    def elu(x: Any) -> Any:
        return x if x > 0 else mpf("1.5") * mp.expm1(x)

    x = spread()
    positive = exact(np.geomspace(1e-37, LARGEST, POINTS))
    small = exact(np.linspace(-80, 80, POINTS))
    functions: dict[str, tuple[Callable[[Any], Any], list[float]]] = {
        "sigmoid": (sigmoid, x),
        "log_sigmoid": (lambda v: -mp.log1p(mp.exp(-v)) if v > 0 else v - mp.log1p(mp.exp(v)), x),
        "tanh": (mp.tanh, x),
        "silu": (lambda v: v * sigmoid(v), x),
        "gelu": (lambda v: v * mp.erfc(-v / mp.sqrt(2)) / 2, x),
        "gelu of tanh": (tanh_gelu, x),
        "elu": (elu, x),
        "hardsigmoid": (lambda v: min(max(v / 6 + mpf("0.5"), 0), 1), x),
        "hardswish": (lambda v: v * min(max(v / 6 + mpf("0.5"), 0), 1), x),
        "exp": (mp.exp, small),
        "log": (mp.log, positive),
        "sqrt": (mp.sqrt, positive),
    }  # fmt: skip
    found: dict[str, dict[str, Any]] = {
        name: {"x": points, "y": [float(function(mpf(v))) for v in points]}
        for name, (function, points) in functions.items()
    }

    def logs(row: list[float]) -> list[Any]:
        total = mp.log(mp.fsum(mp.exp(mpf(v)) for v in row))
        return [mpf(v) - total for v in row]

    scores = rows(x)
    found["log_softmax"] = {"x": scores, "y": [[float(v) for v in logs(row)] for row in scores]}
    found["softmax"] = {"x": scores, "y": [[float(mp.exp(v)) for v in logs(row)] for row in scores]}
    found["cross_entropy"] = {"x": scores, "y": [[float(-v) for v in logs(row)] for row in scores]}
    goals = exact(np.random.default_rng(1).random(POINTS))
    loss = [mp.log1p(mp.exp(-abs(mpf(v)))) + max(mpf(v), 0) - mpf(v) * mpf(t) for v, t in zip(x, goals, strict=True)]
    found["bce with logits"] = {"x": x, "target": goals, "y": [float(v) for v in loss]}
    for name, (mean, var, weight, bias) in STATISTICS.items():
        points = x if name == "batchnorm" else exact(np.linspace(mean - 20, mean + 20, POINTS))
        root = mp.sqrt(mpf(var) + mpf(EPS))
        y = [float((mpf(v) - mpf(mean)) / root * mpf(weight) + mpf(bias)) for v in points]
        found[name] = {"x": points, "y": y}
    for name, far in {"batchnorm in training": False, "batchnorm in training far from 0": True}.items():
        batches = channels(far)
        found[name] = {"x": batches, "y": [normalised(row) for row in batches]}
    found["layernorm"] = {"x": scores, "y": [normalised(row) for row in scores]}
    return found


def normalised(row: list[float]) -> list[float]:
    """(x − mean) / √(var + eps), with the biased variance."""
    from mpmath import mp, mpf

    mean = mp.fsum(row) / len(row)
    root = mp.sqrt(mp.fsum((mpf(v) - mean) ** 2 for v in row) / len(row) + mpf(EPS))
    return [float((mpf(v) - mean) / root) for v in row]


if __name__ == "__main__":
    from mpmath import __version__

    source = f"mpmath {__version__} with {DIGITS} digits, by tests/ops/golden.py"
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(table)}" for name, table in tables().items())
    PATH.write_text(f'{{"source": "{source}", "tables": {{\n{lines}\n}}}}\n', "utf-8")
