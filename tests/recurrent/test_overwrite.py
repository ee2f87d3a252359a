"""A loop back writes the gradients of gates over the gates, where nothing reads these from then on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

import netc
from netc.compiler.driver import Request, compile_spec
from netc.compiler.emit.plans import plan
from netc.compiler.graph.graph import Value
from netc.compiler.graph.make import Make
from netc.compiler.graph.tensor import TensorType
from netc.compiler.ops.arithmetic import Add, Mul
from netc.compiler.ops.cut import Cut
from netc.compiler.ops.linear import Linear
from netc.compiler.ops.shape import Concat, Slice
from netc.compiler.ops.unary import LogSigmoid, Sigmoid, SigmoidGradient, Sqrt, Tanh, Unary, UnaryGradient
from netc.compiler.recurrence.body import Body
from netc.compiler.recurrence.overwrite import overwritten, with_gates_joined
from netc.compiler.recurrence.scan import Scan

from .cells import lively, reading
from .differences import worst

# Each cell with how many stacks all of its loops may write over others.
CELLS = {
    "lstm(3)": 1,
    "lstm(3, reverse = yes)": 1,
    "lstm(3, bidirectional = concat)": 2,
    "lstm(3, layers = 2)": 2,
    "lstm(3, c = start, h = start)": 1,
    "lstm(3, lengths = many)": 0,
    "lstm(3, coupled = yes)": 0,
    "lstm(3, peephole = yes)": 0,
    "gru(3)": 0,
    "gru(3, reset = before)": 1,
    "elman(3)": 0,
}


@pytest.mark.parametrize(("cell", "count"), CELLS.items())
def test_gradients_take_the_memory_of_gates(cell: str, count: int) -> None:
    (network,) = compile_spec(Request("own", reading(cell))).networks
    made = plan(network.graph, network.settings, {"N": 4, "T": 5})
    _, body, room = made.bodies[-1]
    pairs = []
    for node in body.computation.nodes:
        if isinstance(node.op, Scan):
            states = len(node.op.body.states)
            pairs += [(node.outs[states + output], node.ins[states + given]) for output, given in node.op.over]
    assert len(pairs) == count
    assert all(room.homes[output] is room.homes[given] for output, given in pairs)


@pytest.mark.parametrize("cell", CELLS)
def test_the_gradients_are_right(cell: str, tier: str) -> None:
    """Of batches that fill the plan, and of smaller ones."""
    trainer = netc.loads(reading(cell), tier=tier).trainer(dtype="float64", N=3, T=4)
    trainer.load_state_dict(lively(trainer.state_dict()))
    rng = np.random.default_rng(0)
    for n, steps in ((3, 4), (2, 3)):
        arrays = {"x": rng.normal(size=(n, steps, 2)), "t": rng.integers(0, 4, (n, steps))}
        arrays |= {"many": np.arange(1, n + 1)} if "many" in cell else {}
        assert {name: error for name, error in worst(trainer, arrays).items() if error > 1e-6} == {}


class Given(NamedTuple):
    """What a step reads: a product with the state, two inputs, a weight. All but the last are [N, 6]."""

    h: Value
    seed: Value
    kept: Value
    weight: Value


Step = Callable[[Make, Given], Value]


def over(step: Step, *more: str, before: tuple[int, ...] = ()) -> tuple[tuple[int, int], ...]:
    """What a loop over this step may write over: of the inputs `kept` alone lies as the outputs do, of which `more` are
    read too."""
    b = Make()
    state, seed, kept = (b.leaf(TensorType("f32", (4, 6))) for _ in range(3))
    weight = b.leaf(TensorType("f32", (6, 6)))
    given = Given(b(Linear(), state, weight), seed, kept, weight)
    out = step(b, given)
    after = b(Linear(), out, weight)
    known = {**given._asdict(), "after": after}
    if "part" in more:
        known["part"] = b.all(Cut(1, (2, 4)), kept)[0]
    body = Body((state,), (seed, kept), (weight,), tuple(b.nodes), (after,), (out, *(known[name] for name in more)))
    return overwritten(body, ((1,), tuple(range(len(body.outputs)))), before)


def by_parts(b: Make, of: Given) -> Value:
    (s, k), (x, y) = (b.all(Cut(1, (2, 4)), value) for value in (of.kept, of.h))
    return b(Concat(1), b(SigmoidGradient(), s, x), b(SigmoidGradient(), k, y))


def read_again(b: Make, of: Given) -> Value:
    (s, k), (x, y) = (b.all(Cut(1, (3, 3)), value) for value in (of.kept, of.h))
    return b(Concat(1), b(SigmoidGradient(), s, x), b(SigmoidGradient(), k, b(Mul(), s, y)))


def other_part(b: Make, of: Given) -> Value:
    (s, k), (x, y) = (b.all(Cut(1, (3, 3)), value) for value in (of.kept, of.h))
    return b(Concat(1), b(SigmoidGradient(), k, x), b(SigmoidGradient(), s, y))


def overlapping(b: Make, of: Given) -> Value:
    (_, k), (x, y) = b.all(Cut(1, (2, 4)), of.kept), b.all(Cut(1, (4, 2)), of.h)
    return b(Concat(1), b(SigmoidGradient(), k, x), b(Sigmoid(), y))


STEPS: dict[str, tuple[Step, bool]] = {
    "part by part": (by_parts, True),
    "whole": (lambda b, of: b(SigmoidGradient(), of.kept, of.h), True),
    "read before": (lambda b, of: b(Add(), of.h, b(Linear(), b(Sigmoid(), of.kept), of.weight)), True),
    "not read": (lambda b, of: b(Mul(), b(Sigmoid(), of.h), of.seed), True),
    "read again": (read_again, False),
    "another part": (other_part, False),
    "an overlapping part": (overlapping, False),
    "statements that read after they wrote": (lambda b, of: b(UnaryGradient(Tanh()), of.kept, of.h), False),
    "a product": (lambda b, of: b(Linear(), of.kept, of.weight), False),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_value_is_written_over_where_nothing_reads_it_later(name: str) -> None:
    step, free = STEPS[name]
    assert over(step) == (((0, 1),) if free else ())


def test_a_value_that_is_read_otherwise_is_left() -> None:
    """Each is written over once, not where it or a part of it is an output, nor where a step reads that of the next."""
    step, _ = STEPS["whole"]
    assert over(step, "after") == ((0, 1),)
    assert over(step, "kept") == ()
    by_part, _ = STEPS["part by part"]
    assert over(by_part, "part") == ()
    assert over(step, before=(1,)) == ()


@pytest.mark.parametrize(
    ("functions", "output", "count"),
    [
        ((Sigmoid(), Tanh()), None, 1),
        ((Sigmoid(), Sigmoid()), None, 1),
        ((Sigmoid(), Sqrt()), None, 1),
        ((Sigmoid(), LogSigmoid()), None, 0),
        ((Sigmoid(), Tanh()), "gate", 0),
        ((Sigmoid(), Tanh()), "part", 0),
        ((Sigmoid(), Tanh()), "read twice", 0),
    ],
)
def test_gates_whose_gradients_read_them_are_joined(
    functions: tuple[Unary, Unary], output: str | None, count: int
) -> None:
    b = Make()
    state, weight = b.leaf(TensorType("f32", (4, 3))), b.leaf(TensorType("f32", (6, 3)))
    parts = b.all(Cut(1, (3, 3)), b(Linear(), state, weight))
    gates = [b(function, part) for function, part in zip(functions, parts, strict=True)]
    after = b(Mul(), *gates)
    if output == "read twice":
        after = b(Mul(), after, parts[1])
    outputs = {"gate": (gates[1],), "part": (parts[0],)}.get(output or "", ())
    body = Body((state,), (), (weight,), tuple(b.nodes), (after,), outputs)
    assert sum(isinstance(node.op, Concat) for node in with_gates_joined(body).nodes) == count


def test_a_slice_of_what_was_joined_is_one_of_its_operands() -> None:
    """The gradient by each of the gates that were joined and cut again is there already."""
    b = Make()
    first, second = b.leaf(TensorType("f32", (4, 2))), b.leaf(TensorType("f32", (4, 3)))
    whole = b(Concat(1), first, second)
    assert b(Slice(1, 0, 2), whole) is first
    assert b(Slice(1, 2, 5), whole) is second
    assert b(Slice(1, 1, 3), whole) not in (first, second)
    assert b(Slice(0, 0, 2), whole) not in (first, second)
