"""Gradients of all bundled cells with all their options, and of invented ones, against central differences."""

from __future__ import annotations

import pytest

import netc
from netc.compiler.emit.program import program
from netc.runtime.training.gradcheck import gradcheck

from .cells import batch, lively, texts, trained
from .differences import worst

TEXTS = texts()


@pytest.mark.parametrize("name", TEXTS)
def test_gradients(name: str) -> None:
    sizes = {"N": 3, "T": 4}
    trainer = netc.loads(trained(TEXTS[name])).trainer(dtype="float64", **sizes)
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
