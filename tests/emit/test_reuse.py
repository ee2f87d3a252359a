"""Whole programs of random networks: shared memory changes no bit, and what each pass leaves verifies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

import netc
from netc.compiler.driver import Request, bundled, compile_spec
from netc.compiler.emit import lifetimes, plan
from netc.compiler.emit.program import program
from netc.compiler.graph.computation import verify
from netc.compiler.graph.graph import Graph
from netc.compiler.passes.build import computations, prediction
from netc.compiler.syntax.printer import print_tree
from netc.compiler.training.settings import Settings
from netc.runtime.trainer import Trainer

from ..strategies.networks import learning
from ..strategies.programs import make

SIZES = {"N": 3, "T": 4}


def trained(seed: int) -> tuple[Graph, Settings, str]:
    """A random network with the mean squares of its float outputs as its loss; where it has nothing to learn, that of
    another seed."""
    made = make(seed)
    text = print_tree(made.file)
    (network,) = compile_spec(Request("made", text, sets=made.sets, dims=made.dims)).networks
    made_to_learn = learning(network.graph)
    return (*made_to_learn, text) if made_to_learn else trained(seed + 100_000)


def numbers(trainer: Trainer, sizes: Mapping[str, int] = SIZES) -> list[np.ndarray]:
    """Two steps, and what they leave."""
    rng = np.random.default_rng(1)
    arrays = {}
    for port in (*trainer.program.inputs, *trainer.program.targets):
        shape = tuple(sizes[dim] if isinstance(dim, str) else dim for dim in port.dims)
        floats = port.dtype.startswith("float")
        arrays[port.name] = rng.normal(size=shape) if floats else rng.integers(port.classes or 2, size=shape)
    losses = [np.array(trainer.step(**arrays)) for _ in range(2)]
    inputs = {port.name: arrays[port.name] for port in trainer.program.inputs}
    return [*losses, *trainer.state_dict().values(), *trainer.forward(**inputs).values()]


def without_sharing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every value in memory of its own, none in place."""
    monkeypatch.setattr(lifetimes, "_in_place", nothing)
    monkeypatch.setattr(plan._Free, "give", nothing)


def nothing(*given: object) -> None:
    """In the place of what shares memory."""


@pytest.mark.parametrize("part", range(3))
def test_sharing_memory_changes_no_bit(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shared_and_apart(range(1000 * part, 1000 * part + 8), monkeypatch)


@pytest.mark.trust
@pytest.mark.parametrize("part", range(10))
def test_sharing_memory_changes_no_bit_in_many_networks(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shared_and_apart(range(10_000 + 20 * part, 10_020 + 20 * part), monkeypatch)


def shared_and_apart(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in seeds:
        graph, settings, text = trained(seed)
        shared = numbers(Trainer(program("shared", graph, settings, SIZES), 1))
        with monkeypatch.context() as patched:
            without_sharing(patched)
            apart = numbers(Trainer(program("apart", graph, settings, SIZES), 1))
        for a, b in zip(shared, apart, strict=True):
            assert np.array_equal(a, b, equal_nan=True), f"seed {seed}\n{text}"


@pytest.mark.parametrize("seed", range(40))
def test_every_pass_leaves_a_graph_that_holds(seed: int) -> None:
    graph, settings, _ = trained(seed)
    for made in (prediction(graph), *computations(graph, settings.loss, "f64").values()):
        verify(made)


@pytest.mark.parametrize("name", [name for stem, variants in bundled().items() for name in (stem, *variants)])
def test_every_pass_holds_on_bundled_networks(name: str) -> None:
    network = netc.load(name).network
    assert network.settings is not None
    for made in computations(network.graph, network.settings.loss).values():
        verify(made)
