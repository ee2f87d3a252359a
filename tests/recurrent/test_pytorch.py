"""LSTM, GRU and Elman networks against PyTorch in float64: weights by its names, outputs, states, gradients, training.

`pytorch.json` holds PyTorch's numbers (see `pytorch.py`, which made them), so that the comparison runs without it too.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netc

from .cases import CASES, LENGTHS, STEPS, Array

GOLDEN = json.loads(Path(__file__).with_name("pytorch.json").read_text("utf-8"))["cases"]
TORCH = find_spec("torch") is not None


def trained(name: str, tier: str = "numpy") -> tuple[Any, dict[str, Array], dict[str, Array]]:
    """A trainer with the weights of a case, its inputs and its target."""
    case = CASES[name]
    trainer = netc.loads(case.spec(), tier=tier).trainer(N=len(LENGTHS), T=STEPS, dtype="float64")
    trainer.load_state_dict(case.weights(trainer))
    arrays = case.arrays()
    wanted = {"wanted": arrays.pop("wanted")}
    return trainer, arrays, wanted


def near(found: dict[str, Array], wanted: dict[str, Any]) -> None:
    assert list(found) == list(wanted)
    for name, array in found.items():
        numbers = np.array(wanted[name])
        assert array.shape == numbers.shape, name
        assert np.abs(array - numbers).max() <= 1e-10 * max(float(np.abs(numbers).max()), 1e-3), name


@pytest.mark.parametrize("name", CASES)
def test_outputs_and_states(name: str, tier: str) -> None:
    trainer, arrays, _ = trained(name, tier)
    near(trainer.forward(**arrays), GOLDEN[name]["outputs"])


@pytest.mark.parametrize("name", CASES)
def test_gradients_by_name(name: str, tier: str) -> None:
    trainer, arrays, wanted = trained(name, tier)
    near(trainer.gradients(**arrays, **wanted), GOLDEN[name]["gradients"])


@pytest.mark.parametrize("name", CASES)
def test_fifty_steps(name: str, tier: str) -> None:
    trainer, arrays, wanted = trained(name, tier)
    losses = [trainer.step(**arrays, **wanted) for _ in range(50)]
    assert losses == pytest.approx(GOLDEN[name]["losses"], rel=1e-9)
    assert losses[-1] < losses[0]


@pytest.mark.skipif(not TORCH, reason="PyTorch is not installed; its numbers are in pytorch.json")
@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_those_of_pytorch(name: str) -> None:
    """A state_dict goes both ways, and what PyTorch makes of it is what the file says."""
    from .pytorch import module, results

    case = CASES[name]
    trainer, _, _ = trained(name)
    found = results(case, trainer.state_dict())
    assert found["losses"] == pytest.approx(GOLDEN[name]["losses"], rel=1e-9)
    state = module(case, case.weights(trainer)).state_dict()
    assert [f"y.{key}" for key in state] == list(trainer.state_dict())
    trainer.load_state_dict({f"y.{key}": value.numpy() for key, value in state.items()})
