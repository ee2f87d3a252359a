"""Gradients of all bundled cells with all their options, and of invented ones, against central differences."""

from __future__ import annotations

import re

import numpy as np
import pytest

import netc
from netc.compiler.emit.program import program
from netc.runtime.training.gradcheck import gradcheck

from .cells import batch, lively, texts, trained
from .differences import worst

TEXTS = texts()


@pytest.mark.parametrize("name", TEXTS)
def test_gradients(name: str, tier: str) -> None:
    sizes = {"N": 3, "T": 4}
    trainer = netc.loads(trained(TEXTS[name]), tier=tier).trainer(dtype="float64", **sizes)
    trainer.load_state_dict(lively(trainer.state_dict()))
    found = worst(trainer, batch((*trainer.program.inputs, *trainer.program.targets), sizes))
    assert {parameter: error for parameter, error in found.items() if error > 1e-6} == {}


@pytest.mark.parametrize("name", ["lstm peephole", "gru two layers bidirectional sum", "convolutional", "dropout"])
def test_the_check_of_the_command_line(name: str) -> None:
    network = netc.loads(trained(TEXTS[name])).network
    made = program(network.name, network.graph, network.settings, {"N": 3, "T": 4}, "f64")
    assert {entry.name: entry.error for entry in gradcheck(made, 0, 20) if entry.error > 1e-6} == {}


def test_gradients_over_one_step() -> None:
    sizes = {"N": 1, "T": 1}
    trainer = netc.loads(trained(TEXTS["lstm peephole"])).trainer(dtype="float64", **sizes)
    trainer.load_state_dict(lively(trainer.state_dict()))
    found = worst(trainer, batch((*trainer.program.inputs, *trainer.program.targets), sizes))
    assert {parameter: error for parameter, error in found.items() if error > 1e-6} == {}


@pytest.mark.parametrize(
    "body",
    [
        "embed(4, 3) -> lstm(3)",
        "embed(4, 3) -> gru(3, layers = 2)",
        "embed(4, 3) -> lstm(3, bidirectional = concat)",
        "embed(4, 3) -> elman(3, reverse = yes)",
        "e = embed(4, 3)\n  y = e -> lstm(3)\n  y + e",
        "embed(7, 3) -> lstm(3)",
        "embed(4, 3) -> dropout(0.2) -> gru(3)",
    ],
)
def test_gradients_of_what_is_looked_up(body: str, tier: str) -> None:
    """A table of at most twice as many rows as features is multiplied before it is looked up, in training alone."""
    sizes = {"N": 3, "T": 4}
    text = f"net t {{\n  input text: i64[N, T]\n  target next: i64[N, T]\n  {body}\n  fc(5)\n"
    text += "  train { loss = cross_entropy; optimizer = sgd(lr = 0.1) }\n}\n"
    trainer = netc.loads(text, tier=tier).trainer(dtype="float64", **sizes)
    trainer.load_state_dict(lively(trainer.state_dict()))
    rng = np.random.default_rng(0)
    arrays = {"text": rng.integers(0, 4, (3, 4)), "next": rng.integers(0, 5, (3, 4))}
    found = worst(trainer, arrays)
    assert {parameter: error for parameter, error in found.items() if error > 1e-6} == {}
    if "dropout" not in body:
        loss, _ = trainer.evaluate(**arrays)
        assert trainer.differentiate(**arrays) == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("units", [64, 63])
def test_rows_looked_up_are_the_same_where_they_lie_far_apart(units: int, tier: str) -> None:
    """256 numbers of 8 bytes are looked up in a wider table; to evaluate, no table is multiplied."""
    text = f"net t {{\n  input text: i64[N, T]\n  target next: i64[N, T]\n  embed(5, 3) -> lstm({units})\n  fc(5)\n"
    text += "  train { loss = cross_entropy; optimizer = sgd(lr = 0.1) }\n}\n"
    trainer = netc.loads(text, tier=tier).trainer(dtype="float64", N=3, T=4)
    trainer.load_state_dict(lively(trainer.state_dict()))
    rng = np.random.default_rng(0)
    arrays = {"text": rng.integers(0, 5, (3, 4)), "next": rng.integers(0, 5, (3, 4))}
    wide = re.search(rf"np\.float64, 5, {4 * units + 8}\)", trainer.program.source) is not None
    assert wide == (units == 64 and tier == "numpy")
    loss, _ = trainer.evaluate(**arrays)
    assert trainer.differentiate(**arrays) == pytest.approx(loss, rel=1e-12)
