"""The weights of bundled cells: names, shapes and first values."""

from __future__ import annotations

import numpy as np
import pytest

import netc
from netc.runtime.trainer import Trainer


def trainer(use: str, seed: int = 0) -> Trainer:
    text = f"net t {{\n  input x: f32[N, T, 3]\n  target y: f32[N, 4]\n  {use}\n  last\n"
    return netc.loads(text + "  train { loss = mse; optimizer = sgd(lr = 0.1, momentum = 0.9) }\n}\n").trainer(
        N=2, T=3, seed=seed
    )


@pytest.mark.parametrize(
    ("use", "shapes"),
    [
        ("elman(4)", {"weight_ih_l0": (4, 3), "weight_hh_l0": (4, 4), "bias_ih_l0": (4,), "bias_hh_l0": (4,)}),
        ("lstm(4, biases = 1)", {"weight_ih_l0": (16, 3), "weight_hh_l0": (16, 4), "bias_ih_l0": (16,)}),
        ("lstm(4, coupled = yes, biases = 1)", {"weight_ih_l0": (12, 3), "weight_hh_l0": (12, 4), "bias_ih_l0": (12,)}),
        ("gru(4, reset = before)", {"weight_ih_l0": (12, 3), "weight_hh_l0": (12, 4), "bias_ih_l0": (12,)}),
        (
            "gru(4, reset = before, biases = 2)",
            {"weight_ih_l0": (12, 3), "weight_hh_l0": (12, 4), "bias_ih_l0": (12,), "bias_hh_l0": (12,)},
        ),
        (
            "lstm(4, peephole = yes, biases = 1, reverse = yes)",
            {"weight_ih_l0": (16, 3), "weight_hh_l0": (16, 4), "bias_ih_l0": (16,), "weight_ch_l0": (3, 4)},
        ),
        (
            "lstm(4, peephole = yes, coupled = yes, biases = 1)",
            {"weight_ih_l0": (12, 3), "weight_hh_l0": (12, 4), "bias_ih_l0": (12,), "weight_ch_l0": (2, 4)},
        ),
    ],
)
def test_names_and_shapes(use: str, shapes: dict[str, tuple[int, ...]]) -> None:
    found = {name: array.shape for name, array in trainer(use).state_dict().items()}
    assert found == {f"{use.split('(')[0]}1.{name}": shape for name, shape in shapes.items()}


def test_every_place_that_names_weights_has_these_names() -> None:
    made = trainer("enc = gru(4, layers = 2)")
    names = [f"enc.{part}_l{n}" for n in (0, 1) for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    assert list(made.state_dict()) == names
    assert [p.name for p in made.program.parameters] == names
    assert list(made.optimizer_state()) == [f"momentum_buffer/{name}" for name in names]
    assert list(made.gradients(x=np.ones((2, 3, 3)), y=np.ones((2, 4)))) == names


def test_weights_that_two_uses_share_are_there_once() -> None:
    made = trainer("let f = lstm(3)\n  x -> f -> f -> fc(4)")
    assert [name for name in made.state_dict() if name.startswith("f.")] == [
        "f.weight_ih_l0",
        "f.weight_hh_l0",
        "f.bias_ih_l0",
        "f.bias_hh_l0",
    ]


def test_a_rule_finds_biases_by_their_names() -> None:
    text = """net t {
  input x: f32[N, T, 3]
  target y: f32[N, 4]
  lstm(4, return = last)
  train { loss = mse; optimizer = sgd(lr = 0.1); rule "*.bias_hh*" { lr = 1e-30 } }
}
"""
    made = netc.loads(text).trainer(N=2, T=3)
    before = made.state_dict()
    made.step(x=np.ones((2, 3, 3)), y=np.ones((2, 4)))
    same = {name: np.array_equal(array, before[name]) for name, array in made.state_dict().items()}
    assert same == {name: name == "lstm1.bias_hh_l0" for name in before}


@pytest.mark.parametrize(
    "use", ["lstm(64)", "gru(64)", "elman(64)", "lstm(64, peephole = yes)", "gru(64, reset = before)"]
)
def test_all_weights_start_uniform_as_in_pytorch(use: str) -> None:
    """U(−1/√units, 1/√units) whatever a weight reads: here the bound is 1/8, and a sixth of 3 features' bound."""
    state = trainer(f"{use} -> fc(4)").state_dict()
    for name, array in state.items():
        if not name.startswith("fc"):
            assert 0.9 / 8 < np.abs(array).max() <= 1 / 8, name
            assert abs(float(array.std()) * 8 * 3**0.5 - 1) < 0.2, name


def test_gates_start_from_different_numbers() -> None:
    gates = np.split(trainer("lstm(4)").state_dict()["lstm1.weight_hh_l0"], 4)
    assert len({array.tobytes() for array in gates}) == 4


@pytest.mark.parametrize(("initial", "value"), [("ones", 1.0), ("constant(2.5)", 2.5), ("zeros", 0.0)])
@pytest.mark.parametrize("biases", [1, 2])
def test_the_bias_of_the_forget_gate(initial: str, value: float, biases: int) -> None:
    """The sum of its biases starts from that; all else is as without `bias_init`."""
    made = trainer(f"lstm(4, biases = {biases}, bias_init = {initial})").state_dict()
    plain = trainer(f"lstm(4, biases = {biases})").state_dict()
    forget = sum(made[name][4:8] for name in made if ".bias_" in name)
    assert np.array_equal(forget, np.full(4, value, np.float32))
    for name, array in made.items():
        if ".weight_" in name:
            assert np.array_equal(array, plain[name])
        else:
            assert np.array_equal(array[:4], plain[name][:4])
            assert 0 < np.abs(array[8:]).max() <= 0.5
