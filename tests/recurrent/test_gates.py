"""Sigmoids of gates by hyperbolic tangents: the same numbers, and only where nothing can tell them apart."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

import netc
from netc.compiler.driver import Request, compile_spec
from netc.compiler.emit.plans import plan
from netc.compiler.graph.tensor import Float
from netc.compiler.graph.tiers import Tier
from netc.compiler.ops.gates import Gates, Halved
from netc.compiler.ops.unary import Sigmoid
from netc.compiler.recurrence import gates
from netc.compiler.recurrence.scan import Scan

from .cells import lively, reading
from .test_random_cells import SIZES


def counts(
    text: str, dtype: Float | None = None, tier: Tier = "numpy", *, training: bool = True
) -> tuple[int, int, int]:
    """The sigmoids in loops of a step of training, or of prediction, the gates in them, those halved there."""
    (found,) = compile_spec(Request("own", text)).networks
    _, body, _ = plan(found.graph, found.settings, {"N": 4, "T": 5}, dtype, tier=tier).bodies[-1 if training else 0]
    loops = [node.op for node in body.computation.nodes if isinstance(node.op, Scan)]
    kinds = [type(node.op) for loop in loops for node in loop.body.nodes]
    return kinds.count(Sigmoid), kinds.count(Gates), kinds.count(Halved)


# Each cell with the sigmoids that are left, the gates, and how many of these are not halved by their weights.
CELLS = {
    "lstm(3)": (0, 1, 0),
    "lstm(3, reverse = yes)": (0, 1, 0),
    "lstm(3, bidirectional = concat)": (0, 2, 0),
    "lstm(3, layers = 2)": (0, 2, 0),
    "lstm(3, lengths = many)": (0, 1, 0),
    "lstm(3, peephole = yes)": (0, 3, 0),
    "gru(3)": (0, 1, 1),
    "gru(3, reset = before)": (0, 2, 0),
    "elman(3, activation = sigmoid)": (1, 0, 0),
}


@pytest.mark.parametrize(("cell", "wanted"), CELLS.items())
def test_gates_are_found(cell: str, wanted: tuple[int, int, int]) -> None:
    assert counts(reading(cell), "f32") == wanted
    assert counts(reading(cell), "f64")[1] == 0
    assert counts(reading(cell), "f32", "fast")[1] == 0


# What is done with a gate, and whether it may have fewer digits there.
USES = {
    "h' = s * tanh(v)\n  output h'": True,
    "h' = h + s * v\n  output h'": True,
    "h' = (1 - s) * h + s * v\n  output h'": True,
    "h' = s\n  output h'": False,
    "h' = s\n  output v": False,
    "h' = v * s\n  output h', s": False,
    "h' = v\n  w = (s, v) -> concat\n  output w": False,
    "h' = log(s) * v\n  output h'": False,
    "h' = log(s * s)\n  output h'": False,
    "h' = v / (s + 1)\n  output h'": True,
    "h' = v / s\n  output h'": False,
    "h' = s / (1 + abs(v))\n  output h'": False,
    "h' = sqrt(s) * v\n  output h'": False,
}


@pytest.mark.parametrize(("use", "taken"), USES.items())
def test_digits_that_matter_are_kept(use: str, taken: bool) -> None:
    head = "cell mine() {\n  state h[3]\n  s = (in, h) -> fc(3) -> sigmoid\n  v = (in, h) -> fc(3)\n  "
    text = f"{head}{use}\n}}\n{reading('mine()')}"
    assert counts(text, "f32")[1] == taken
    assert counts(text, "f32", training=False)[1] == taken


def test_digits_that_another_loop_reads_are_kept() -> None:
    first = "cell mine() {\n  state h[2]\n  s = (in, h) -> fc(2) -> sigmoid\n  h' = h * s\n  output s\n}\n"
    second = "cell other() {\n  state k[2]\n  k' = (k -> fc(2)) * log(in + k)\n  output k'\n}\n"
    assert counts(first + second + reading("mine() -> other()"), "f32")[1] == 0


@pytest.fixture
def any_type(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Gates by hyperbolic tangents in float64 too, where a wrong number shows."""
    monkeypatch.setattr(gates, "TYPES", ("f32", "f64"))
    return monkeypatch


@pytest.mark.parametrize("cell", CELLS)
def test_same_numbers_of_bundled_cells(cell: str, any_type: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(3, 4, 2)), "t": rng.integers(0, 4, (3, 4))}
    arrays |= {"many": np.arange(1, 4)} if "many" in cell else {}
    assert_same(reading(cell), arrays, any_type)


# Cells whose gates are made of what cannot be halved for them alone, or is one number for all units.
SHARED = {
    "a state": ("mine(h = start)", "s = (in -> fc(3)) + h -> sigmoid\n  h' = s * tanh(in -> fc(3))"),
    "weights": ("mine()", "let d = fc(3)\n  s = h -> d -> sigmoid\n  h' = s * tanh(c -> d)\n  c' = tanh(in -> fc(3))"),
    "a number added": ("mine()", "s = ((in, h) -> fc(3)) + (h -> fc(1)) -> sigmoid\n  h' = s * tanh((in, h) -> fc(3))"),
    "a number multiplied": (
        "mine()",
        "s = (in -> fc(3)) + (h -> fc(1)) * (h -> fc(3)) -> sigmoid\n  h' = s * tanh((in, h) -> fc(3))",
    ),
}


@pytest.mark.parametrize("name", SHARED)
def test_same_numbers_of_shared_parts(name: str, any_type: pytest.MonkeyPatch) -> None:
    cell, body = SHARED[name]
    states = "h[3], c[3]" if "c'" in body else "h[3]"
    text = f"cell mine() {{\n  state {states}\n  {body}\n  output h'\n}}\n\n{reading(cell)}"
    assert counts(text, "f64")[1]
    rng = np.random.default_rng(0)
    assert_same(text, {"x": rng.normal(size=(3, 4, 2)), "t": rng.integers(0, 4, (3, 4))}, any_type)


def gated(rng: Random) -> str:
    """A net with a cell of random gates, most of them of the same product, which are multiplied and added."""
    names = [f"g{number}" for number in range(rng.randint(2, 5))]
    peepholes = ("", "", "", " + p * c", " + p")
    sources = ("((in, h) -> fc(3, bias = each))", "((in, h) -> fc(3))", "(in -> fc(3)) + r * (h -> fc(3, bias = no))")
    same = rng.choice(sources)
    lines = ["state h[3], c[3]", "param p[3] = normal(0.4)", "r = (in, h) -> fc(3) -> sigmoid"]
    for name in names:
        source = rng.choice((same, same, *sources))
        lines.append(f"{name} = {source}{rng.choice(peepholes)} -> {rng.choice(('sigmoid', 'sigmoid', 'tanh'))}")
    values = [*names, "c", "(1 - r)"]
    lines.append(f"c' = 0.7 * {rng.choice(names)} * c + {rng.choice(values)} * {rng.choice(values)}")
    lines.append(f"h' = {rng.choice(names)} * tanh(c') + 0.1 * {rng.choice(values)} * {rng.choice(values)}")
    lines.append(rng.choice(("output h'", "output h'", f"output {names[0]}", "output c'")))
    body = "\n  ".join(lines)
    options = rng.choice(("", "", "lengths = many", "reverse = yes", "bidirectional = concat", "layers = 2"))
    return f"cell some() {{\n  {body}\n}}\n\n{reading(f'some({options})')}"


@pytest.mark.parametrize("seed", range(40))
def test_same_numbers_of_random_cells(seed: int, any_type: pytest.MonkeyPatch) -> None:
    text = gated(Random(seed))
    rng = np.random.default_rng(seed)
    arrays = {"x": rng.normal(size=(3, 4, 2)), "t": rng.integers(0, 4, (3, 4))}
    arrays |= {"many": np.arange(1, 4)} if "many" in text else {}
    assert_same(text, arrays, any_type)


def assert_same(text: str, arrays: dict[str, np.ndarray], any_type: pytest.MonkeyPatch) -> None:
    """Loss, evaluation and gradients with gates by hyperbolic tangents are those without, and take no more memory."""
    by_tanh = netc.loads(text).trainer(dtype="float64", **SIZES)
    any_type.setattr(gates, "TYPES", ())
    plain = netc.loads(text).trainer(dtype="float64", **SIZES)
    assert by_tanh.arena.nbytes <= plain.arena.nbytes
    state = {name: 2 * value for name, value in lively(plain.state_dict()).items()}
    for trainer in (by_tanh, plain):
        trainer.load_state_dict(state)
    assert by_tanh.evaluate(**arrays)[0] == pytest.approx(plain.evaluate(**arrays)[0], rel=1e-12)
    assert by_tanh.differentiate(**arrays) == pytest.approx(plain.differentiate(**arrays), rel=1e-12)
    names = [parameter.name for parameter in plain.program.parameters if parameter.gradient is not None]
    largest = max(float(np.abs(plain.gradient_view(name)).max()) for name in names)
    for name in names:
        error = np.abs(by_tanh.gradient_view(name) - plain.gradient_view(name)).max()
        assert error <= 1e-11 * largest, name
