"""The gradients of gates start from products that the step back has anyway; the numbers stay those of the formulas."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import netc
from netc.compiler.driver import Request, compile_spec
from netc.compiler.graph.graph import Node
from netc.compiler.ops.arithmetic import Mul
from netc.compiler.ops.shape import Transpose
from netc.compiler.ops.unary import SigmoidGradient, UnaryGradient
from netc.compiler.passes.build import computations
from netc.compiler.recurrence.scan import Scan

from .cells import lively
from .differences import worst

CELL = """cell gated(units) {{
  state h[units]
  a = (in, h) -> fc(units) -> sigmoid
  b = (in, h) -> fc(units) -> sigmoid
  k = (in, h) -> fc(units) -> tanh
  h' = {next}
  output h'
}}
net own {{
  input x: f32[N, T, 2]
  target t: i64[N, T]
  x -> {use}(3)
  logits = fc(4)
  output logits
  train {{ loss = cross_entropy; optimizer = sgd(lr = 0.1) }}
}}
"""
# Each next state with how many gradients are left as the formula has them, of sigmoids and of tanh.
NEXT = {
    "a * k + b * h": 0,
    "a * b * k": 1,
    "a * a + k * b": 0,
    "a * k * h + b": 0,
    "a * k + b * k": 2,
    "a + b + k": 2,
    "tanh(a * tanh(k) * b)": 2,
}


def step_back(text: str) -> list[Node]:
    (network,) = compile_spec(Request("own", text)).networks
    assert network.settings is not None
    nodes = computations(network.graph, network.settings.loss)["step"].nodes
    (back,) = (node.op.body for node in nodes if isinstance(node.op, Scan) and node.op.reverse)
    return list(back.nodes)


@pytest.mark.parametrize(("after", "left"), NEXT.items())
def test_gradients_of_gates_start_from_products_that_are_there(after: str, left: int, tier: str) -> None:
    text = CELL.format(next=after, use="gated")
    assert sum(isinstance(node.op, UnaryGradient) for node in step_back(text)) == left
    trainer = netc.loads(text, tier=tier).trainer(dtype="float64", N=3, T=4)
    trainer.load_state_dict(lively(trainer.state_dict()))
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(3, 4, 2)), "t": rng.integers(0, 4, (3, 4))}
    assert {name: error for name, error in worst(trainer, arrays).items() if error > 1e-6} == {}


def test_a_step_back_of_an_lstm_multiplies_eight_times() -> None:
    """dh · o, · tanh c, · tanh c; dc · i, · g, · g; dc · f, · c. The three gates are multiplied by 1 − s in one."""
    kinds = Counter(type(node.op) for node in step_back(CELL.format(next="a * k + b * h", use="lstm")))
    assert (kinds[Mul], kinds[SigmoidGradient], kinds[UnaryGradient]) == (8, 1, 0)


@pytest.mark.parametrize(("use", "turned"), [("lstm", 1), ("gru", 1), ("elman", 2)])
def test_a_weight_is_turned_once_where_products_would_read_it_across(use: str, turned: int) -> None:
    """That of an Elman network forward, whose gradient is turned back; that of one with gates in the step back."""
    (network,) = compile_spec(Request("own", CELL.format(next="a * k + b * h", use=use))).networks
    assert network.settings is not None
    nodes = computations(network.graph, network.settings.loss)["step"].nodes
    assert sum(node.op == Transpose((1, 0)) for node in nodes) == turned
