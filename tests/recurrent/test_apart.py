"""Loops whose values lie gate by gate: the same numbers as by features, and gates written over."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

import netc
from netc.compiler.driver import Request, compile_spec
from netc.compiler.emit.plans import plan
from netc.compiler.graph.make import Make
from netc.compiler.graph.op import Op
from netc.compiler.graph.tensor import TensorType
from netc.compiler.graph.tiers import Tier
from netc.compiler.ops.arithmetic import Mul
from netc.compiler.ops.unary import Exp, Sigmoid, SigmoidGradient, Tanh, UnaryGradient
from netc.compiler.recurrence import apart, gates
from netc.compiler.recurrence.overwrite import reads_first
from netc.compiler.recurrence.parts import SMALL, rows_of_part
from netc.compiler.recurrence.scan import Scan
from netc.runtime.kernels.recurrence import in_parts, steps

from .cells import lively, reading
from .test_gates import gated
from .test_random_cells import network

# Each cell with its loops that lie gate by gate, and how many of them write over the gates.
CELLS = {
    "lstm(3)": (2, 1),
    "lstm(3, reverse = yes)": (2, 1),
    "lstm(3, bidirectional = concat)": (4, 2),
    "lstm(3, layers = 2)": (4, 2),
    "lstm(3, c = start, h = start)": (2, 1),
    "lstm(3, peephole = yes)": (2, 0),
    "lstm(3, coupled = yes)": (2, 0),
    "lstm(3, lengths = many)": (0, 0),  # by features neither
    "gru(3)": (2, 0),
    "gru(3, biases = 1)": (2, 0),
    "gru(3, reset = before)": (0, 0),  # fewer stacks would be written over others
    "elman(3)": (0, 0),
}
PLANNED = {"N": 16, "T": 5}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Gates of any size lie apart, and sigmoids are made by tanh in float64 too, where a wrong number shows."""
    monkeypatch.setattr(apart, "SHORTEST", 1)
    monkeypatch.setattr(gates, "TYPES", ("f32", "f64"))
    return monkeypatch


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("cell", "wanted"), CELLS.items())
def test_loops_lie_gate_by_gate(cell: str, wanted: tuple[int, int]) -> None:
    lying = [loop for loop in loops(reading(cell)) if loop.gate]
    assert (len(lying), sum(len(loop.over) for loop in lying)) == wanted
    assert not any(loop.gate for loop in loops(reading(cell), "fast"))


def loops(text: str, tier: Tier = "numpy") -> list[Scan]:
    """The loops of a step of training."""
    (found,) = compile_spec(Request("own", text)).networks
    nodes = plan(found.graph, found.settings, PLANNED, tier=tier).bodies[-1][1].computation.nodes
    return [node.op for node in nodes if isinstance(node.op, Scan)]


@pytest.mark.parametrize("cell", CELLS)
def test_same_numbers_of_bundled_cells(cell: str, small: pytest.MonkeyPatch) -> None:
    assert_same(reading(cell), small)


@pytest.mark.parametrize("seed", range(30))
def test_same_numbers_of_gated_cells(seed: int, small: pytest.MonkeyPatch) -> None:
    assert_same(gated(Random(seed)), small)


@pytest.mark.parametrize("seed", range(20))
def test_same_numbers_of_random_cells(seed: int, small: pytest.MonkeyPatch) -> None:
    assert_same(network(Random(seed)), small)


@pytest.mark.parametrize(("function", "over"), [("exp", 0), ("tanh", 1), ("sigmoid", 1), ("elu", 1)])
def test_gates_of_one_kind(function: str, over: int, small: pytest.MonkeyPatch) -> None:
    """Only where a gradient reads all of a gate before it writes, it is written over the gates in another order."""
    lines = [f"{name} = (in, h) -> fc(3) -> {function}" for name in "abc"]
    body = "\n  ".join(["state h[3]", *lines, "h' = tanh(0.1 * a * b - 0.2 * c)", "output h'"])
    text = f"cell some() {{\n  {body}\n}}\n\n{reading('some()')}"
    assert [(loop.gate, len(loop.over)) for loop in loops(text)] == [(3, 0), (3, over)]
    assert_same(text, small)


def assert_same(text: str, patch: pytest.MonkeyPatch) -> None:
    """Of batches that fill the plan, and of smaller ones, which parts do not divide evenly."""
    lying = netc.loads(text).trainer(dtype="float64", **PLANNED)
    patch.setattr(apart, "SHORTEST", 10**9)
    patch.setattr(gates, "TYPES", ())
    plain = netc.loads(text).trainer(dtype="float64", **PLANNED)
    state = lively(plain.state_dict())
    rng = np.random.default_rng(0)
    for n, length in ((16, 5), (3, 4)):
        arrays = {"x": rng.normal(size=(n, length, 2)), "t": rng.integers(0, 4, (n, length))}
        if "wanted" in text:
            arrays = {"x": rng.integers(0, 4, (n, length)), "wanted": rng.normal(size=(n, 2))}
        arrays |= {name: rng.integers(1, length + 1, n) for name in ("many", "lengths") if f"input {name}" in text}
        for trainer in (lying, plain):
            trainer.load_state_dict(state)
        assert_equal(lying, plain, arrays)


def assert_equal(one: netc.Trainer, other: netc.Trainer, arrays: dict[str, np.ndarray]) -> None:
    assert one.evaluate(**arrays)[0] == pytest.approx(other.evaluate(**arrays)[0], rel=1e-12)
    found, wanted = ({name: value.copy() for name, value in t.gradients(**arrays).items()} for t in (one, other))
    largest = max(float(np.abs(value).max()) for value in wanted.values())
    for name, value in wanted.items():
        assert np.abs(found[name] - value).max() <= 1e-11 * largest, name


@pytest.mark.parametrize("samples", [64, 63, 10])
def test_products_in_parts(samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step back multiplies 256 features by a weight for 64: of 64 samples in two parts."""
    text = reading("lstm(64)")
    lying = netc.loads(text).trainer(dtype="float64", N=64, T=4)
    assert "in_parts" in lying.program.source
    monkeypatch.setattr(apart, "SHORTEST", 10**9)
    plain = netc.loads(text).trainer(dtype="float64", N=64, T=4)
    assert lying.arena.nbytes <= plain.arena.nbytes
    lying.load_state_dict(plain.state_dict())
    rng = np.random.default_rng(0)
    assert_equal(lying, plain, {"x": rng.normal(size=(samples, 3, 2)), "t": rng.integers(0, 4, (samples, 3))})


@pytest.mark.parametrize(("samples", "wanted"), [(32, 8), (64, 8), (33, 11), (8, 8), (31, None), (7, None)])
def test_parts_are_small(samples: int, wanted: int | None) -> None:
    rows = rows_of_part(samples, 512, 128)
    assert rows == wanted
    assert rows is None or (samples % rows == 0 and rows * 512 * 128 <= SMALL)


@pytest.mark.parametrize(
    ("op", "operands"),
    [
        (SigmoidGradient(), [True, False]),
        (UnaryGradient(Tanh()), [True, False]),
        (UnaryGradient(Sigmoid()), [True, False]),
        (UnaryGradient(Exp()), [False, False]),
        (Mul(), [False, False]),
    ],
)
def test_what_is_read_before_anything_is_written(op: Op, operands: list[bool]) -> None:
    b = Make()
    b.all(op, *(b.leaf(TensorType("f32", (4, 6))) for _ in range(2)))
    assert [reads_first(b.nodes[-1], operand) for operand in range(2)] == operands


def test_steps_of_gates() -> None:
    stack = np.arange(3 * 2 * 8.0).reshape(3 * 2, 8)
    for step, rows in zip(steps(stack, 3, gates=4), stack.reshape(3, 2, 8), strict=True):
        assert step.shape == (4, 2, 2)
        assert np.array_equal(step[1], rows[:, 2:4])
    last = steps(stack, 3, reverse=True, turned=True, gates=4)[0]
    assert last.flags.c_contiguous
    assert np.array_equal(last.ravel(), stack[4:].ravel())


def test_parts_of_a_matrix() -> None:
    x = np.arange(12.0).reshape(6, 2)
    assert in_parts(x, 3).shape == (2, 3, 2)
    assert in_parts(x, 4).shape == (1, 6, 2)
    assert np.shares_memory(in_parts(x, 3), x)
