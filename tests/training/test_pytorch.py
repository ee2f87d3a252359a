"""Training against PyTorch 2.13 in float64: 50 steps of six networks, and weights that go both ways.

`pytorch.json` holds PyTorch's numbers (see `pytorch.py`, which made them), so that the comparison runs without it too.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import netc

from ..conftest import Promise
from .networks import BATCH, CASES

GOLDEN = json.loads(Path(__file__).with_name("pytorch.json").read_text())["cases"]
TORCH = find_spec("torch") is not None


@pytest.mark.promise("P7", "networks trained for 50 steps", 5)
@pytest.mark.parametrize("name", CASES)
def test_fifty_steps(name: str, tier: str, promise: Promise) -> None:
    trainer = netc.loads(CASES[name].spec, tier=tier).trainer(N=BATCH, dtype="float64", seed=3)
    *batches, (image, _) = CASES[name].batches()
    losses = [trainer.step(image=x, label=y) for x, y in batches]
    promise(relative_difference_of_a_loss=np.max(np.abs(np.divide(losses, GOLDEN[name]["losses"]) - 1)))
    assert losses == pytest.approx(GOLDEN[name]["losses"], rel=1e-9)
    (outputs,) = trainer.forward(image=image).values()
    wanted = np.array(GOLDEN[name]["outputs"])
    assert np.abs(outputs - wanted).max() <= 1e-9 * np.abs(wanted).max()


@pytest.mark.skipif(not TORCH, reason="PyTorch is not installed; its numbers are in pytorch.json")
@pytest.mark.parametrize("name", CASES)
def test_gradients_and_weights_both_ways(name: str, tier: str) -> None:
    """The gradients of a batch are PyTorch's; weights trained here predict the same there, and the other way round."""
    import torch

    from .pytorch import load, module, names, train

    trainer = netc.loads(CASES[name].spec, tier=tier).trainer(N=BATCH, dtype="float64", seed=3)
    *batches, (image, label) = CASES[name].batches()
    there = module(name)
    load(there, trainer.state_dict())
    torch.nn.functional.cross_entropy(there(torch.tensor(image)), torch.tensor(label)).backward()
    wanted = [parameter.grad.numpy() for parameter in there.parameters()]
    for found, gradient in zip(trainer.gradients(image=image, label=label).values(), wanted, strict=True):
        assert np.abs(found - gradient).max() <= 1e-10 * max(float(np.abs(gradient).max()), 1e-3)
    for x, y in batches[:5]:
        trainer.step(image=x, label=y)
    load(there, trainer.state_dict())
    there.eval()
    with torch.no_grad():
        outputs = there(torch.tensor(image)).numpy()
    (own,) = trainer.forward(image=image).values()
    assert np.abs(own - outputs).max() <= 1e-10 * np.abs(outputs).max()
    _, outputs, trained = train(name, trainer.state_dict())
    state = trained.state_dict()
    trainer.load_state_dict(
        {mine: state[theirs].numpy() for mine, theirs in zip(trainer.state_dict(), names(trained), strict=True)}
    )
    (own,) = trainer.forward(image=image).values()
    assert np.abs(own - outputs).max() <= 1e-10 * np.abs(outputs).max()
