"""Figures of the layers that do not slide windows, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from netc.compiler.graph.arguments import Word
from netc.compiler.graph.dims import symbol
from netc.compiler.graph.op import OpError

N, T = symbol("N"), symbol("T")
VECTOR, STEPS, IMAGE, VIDEO = (N, 12), (N, T, 12), (N, 6, 4, 5), (N, T, 6, 4, 5)

# name, inputs, arguments, shape, params, buffers, MACs, FLOPs
CASES: list[tuple[str, tuple[Any, ...], dict[str, Any], Any, int, int, Any, Any]] = [
    # 12·7 weights and 7 biases; 2 per MAC and 7 additions of the bias.
    ("fc", (VECTOR,), {"units": 7}, (N, 7), 91, 0, N * 84, N * 175),
    ("fc", (VECTOR,), {"units": 7, "bias": False}, (N, 7), 84, 0, N * 84, N * 168),
    ("fc", (STEPS,), {"units": 7}, (N, T, 7), 91, 0, N * T * 84, N * T * 175),
    # 12·3 + 5·3 weights, one bias: 2·51 + 3 and an addition of the two products.
    ("fc", (VECTOR, (N, 5)), {"units": 3}, (N, 3), 54, 0, N * 51, N * 108),
    ("batchnorm", (IMAGE,), {}, IMAGE, 12, 12, 0, N * 240),
    ("batchnorm", (VIDEO,), {}, VIDEO, 12, 12, 0, N * T * 240),
    ("batchnorm", (VECTOR,), {"scale": False, "shift": False}, VECTOR, 0, 24, 0, N * 24),
    # 8 for each of the 12 and 5 for the row.
    ("layernorm", (VECTOR,), {}, VECTOR, 24, 0, 0, N * 101),
    ("layernorm", (STEPS,), {"scale": False}, STEPS, 12, 0, 0, N * T * 89),
    ("scale", (IMAGE,), {}, IMAGE, 12, 0, 0, N * 240),
    ("scale", (VECTOR,), {"bias": False}, VECTOR, 12, 0, 0, N * 12),
    ("normalize", (IMAGE,), {"mean": 0.5, "std": 2.0}, IMAGE, 0, 0, 0, N * 240),
    ("relu", (IMAGE,), {}, IMAGE, 0, 0, 0, N * 120),
    ("relu6", (VECTOR,), {}, VECTOR, 0, 0, 0, N * 24),
    ("leaky_relu", (VECTOR,), {}, VECTOR, 0, 0, 0, N * 24),
    ("elu", (VECTOR,), {}, VECTOR, 0, 0, 0, N * 48),
    ("sigmoid", (STEPS,), {}, STEPS, 0, 0, 0, N * T * 48),
    ("tanh", (VECTOR,), {}, VECTOR, 0, 0, 0, N * 12),
    ("silu", (VECTOR,), {}, VECTOR, 0, 0, 0, N * 60),
    ("gelu", (VECTOR,), {}, VECTOR, 0, 0, 0, N * 60),
    ("gelu", (VECTOR,), {"approximate": Word("tanh")}, VECTOR, 0, 0, 0, N * 96),
    ("hardsigmoid", (VECTOR,), {}, VECTOR, 0, 0, 0, N * 48),
    ("hardswish", (VECTOR,), {}, VECTOR, 0, 0, 0, N * 60),
    ("softmax", (VECTOR,), {}, VECTOR, 0, 0, 0, N * 60),
    # 5 for each of the 120, and a logarithm for each of the 4·5 places.
    ("log_softmax", (IMAGE,), {}, IMAGE, 0, 0, 0, N * 620),
    ("mean", (STEPS,), {"axis": 1}, (N, 12), 0, 0, 0, N * T * 12 + N * 12),
    ("mean", (IMAGE,), {}, (N, 4, 5), 0, 0, 0, N * 140),
    ("last", (VIDEO,), {}, IMAGE, 0, 0, 0, 0),
    ("dropout", (IMAGE,), {"rate": 0.5}, IMAGE, 0, 0, 0, 0),
    ("flatten", (VIDEO,), {}, (N, T * 120), 0, 0, 0, 0),
    ("reshape", (IMAGE,), {"sizes": (10, -1)}, (N, 10, 12), 0, 0, 0, 0),
    ("reshape", (STEPS,), {"sizes": (T, 3, 4)}, (N, T, 3, 4), 0, 0, 0, 0),
    ("transpose", (STEPS,), {}, (N, 12, T), 0, 0, 0, 0),
    ("transpose", (IMAGE,), {"order": (0, 2, 3, 1)}, (N, 4, 5, 6), 0, 0, 0, 0),
    ("concat", (IMAGE, (N, 2, 4, 5)), {}, (N, 8, 4, 5), 0, 0, 0, 0),
    ("concat", (STEPS, STEPS), {"axis": 1}, (N, T * 2, 12), 0, 0, 0, 0),
    ("add", (IMAGE, (N, 6, 1, 1), IMAGE), {}, IMAGE, 0, 0, 0, N * 240),
    ("mul", (IMAGE, (1, 6, 1, 5)), {}, IMAGE, 0, 0, 0, N * 120),
    ("identity", (IMAGE,), {}, IMAGE, 0, 0, 0, 0),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{len(case[1])}-{case[2]}")
def test_figures(case: Any, use: Any) -> None:
    name, shapes, arguments, shape, params, buffers, macs, flops = case
    built = use(name, *shapes, **arguments)
    assert (built.shape, built.params, built.buffers) == (shape, params, buffers)
    assert (built.macs, built.flops) == (macs, flops)


@pytest.mark.parametrize(
    ("name", "shapes", "arguments", "code"),
    [
        ("fc", (IMAGE,), {"units": 3}, "shape-mismatch"),
        ("fc", ((N, T),), {"units": 3}, "unbound-dimension"),
        ("concat", (IMAGE, (N, 6, 4, 6)), {}, "shape-mismatch"),
        ("concat", (IMAGE,), {"axis": 4}, "bad-argument"),
        ("add", (IMAGE, (N, 3, 4, 5)), {}, "shape-mismatch"),
        ("add", (IMAGE, VECTOR), {}, "shape-mismatch"),
        ("mul", (STEPS, (N, 5, 12)), {}, "shape-mismatch"),
        ("split", (IMAGE,), {"parts": 4}, "shape-mismatch"),
        ("split", (IMAGE,), {"parts": (2, 3)}, "shape-mismatch"),
        ("split", (STEPS,), {"parts": 2, "axis": 1}, "unbound-dimension"),
        ("reshape", (IMAGE,), {"sizes": (7, -1)}, "shape-mismatch"),
        ("reshape", (IMAGE,), {"sizes": (-1, -1)}, "bad-argument"),
        ("reshape", (IMAGE,), {"sizes": (10, 11)}, "shape-mismatch"),
        ("transpose", (IMAGE,), {}, "missing-argument"),
        ("transpose", (IMAGE,), {"order": (1, 0, 2, 3)}, "bad-argument"),
        ("last", (VECTOR,), {}, "shape-mismatch"),
        ("batchnorm", (IMAGE,), {"eps": 0.0}, "bad-argument"),
        ("normalize", (IMAGE,), {"mean": (0.5, 0.5), "std": 1.0}, "shape-mismatch"),
        ("normalize", (IMAGE,), {"mean": 0.5, "std": 0.0}, "bad-argument"),
        ("embed", (VECTOR,), {"vocab": 5, "features": 3}, "element-type"),
    ],
)
def test_refusals(name: str, shapes: tuple[Any, ...], arguments: dict[str, Any], code: str, use: Any) -> None:
    with pytest.raises(OpError) as caught:
        use(name, *shapes, **arguments)
    assert caught.value.code == code
    assert caught.value.help
