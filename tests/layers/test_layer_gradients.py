"""Every layer's example, trained: its gradients are those of central differences in float64, and it exports."""

from __future__ import annotations

import re

import pytest

from netc.compiler.driver import Request, compile_spec
from netc.compiler.emit.program import program
from netc.compiler.export.export import export
from netc.compiler.graph.graph import Port, Value
from netc.compiler.graph.layer import layer_names
from netc.compiler.graph.tiers import Tier
from netc.compiler.reference import explain_layer
from netc.compiler.resolve.network import Network
from netc.compiler.training.settings import LossCall, Optimizer, Phase, Settings
from netc.runtime.record import replace
from netc.runtime.training.gradcheck import gradcheck

from ..conftest import Promise
from .test_registry import AROUND, INPUTS

# Something trained stands before the example, so that its gradient by its input is asked for.
BEFORE = {
    "image -> identity": "image -> scale",
    "steps -> identity": "steps -> fc(8)",
    "skip = image": "skip = image -> scale",
}
# Functions that are not defined below 0.
ABOVE = ("log", "sqrt")


def networks(name: str) -> list[Network]:
    """The nets in which the example of a layer works."""
    found = re.search(r"Example:\s+`([^`]+)`", explain_layer(name))
    assert found is not None
    example = re.sub(r"\s+", " ", found[1]).replace("lstm", "fc")
    made: list[Network] = []
    for around in AROUND:
        text = around.format(inputs=INPUTS.replace("T", "4"), example=example)
        for before, after in BEFORE.items():
            text = text.replace(before, f"{after} -> exp" if name in ABOVE else after)
        made += compile_spec(Request("example.net", text)).networks
    return [network for network in made if any(use.kind == name for use in network.graph.uses)]


def with_loss(network: Network) -> tuple[Network, Settings]:
    outputs = [port for port in network.graph.outputs if port.value.type.dtype == "f32"]
    goals = tuple(Port(f"goal{n}", Value(p.value.type, 10**9 + n), p.span) for n, p in enumerate(outputs))
    calls = tuple(
        LossCall("mse", p.value, goal.value, None, 1.0, p.span) for p, goal in zip(outputs, goals, strict=True)
    )
    optimizer = Optimizer("sgd", {"lr": 0.1, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0})
    settings = Settings(calls, optimizer, (Phase("constant", (), None),), None, 3, 1, None, 0, ())
    return replace(network, graph=replace(network.graph, targets=goals)), settings


@pytest.mark.promise("P6", "layers in networks of their own, the gradient of every parameter", 40)
@pytest.mark.parametrize("name", layer_names())
def test_the_gradients_of_a_layer(name: str, tier: Tier, promise: Promise) -> None:
    found = networks(name)
    assert found
    worst: list[float] = []
    for network in found[:1]:
        trained, settings = with_loss(network)
        if not any(parameter.trainable for parameter in network.graph.parameters):
            continue
        made = program("t", trained.graph, settings, {"N": 3, "T": 4}, "f64", tier=tier)
        for entry in gradcheck(made, 0, 3):
            assert entry.error <= 1e-6, f"{entry.name}: {entry.error}"
            worst.append(entry.error)
    assert worst
    promise(len(worst), relative_error=max(worst))


@pytest.mark.parametrize("name", layer_names())
def test_a_layer_exports(name: str) -> None:
    for network in networks(name)[:1]:
        export(network)
