"""Analysis is exact: on random networks every layer has the shape that it has when it runs, here and in onnxruntime,
parameters are the numbers that a trainer holds, and memory is the arena, all as whole numbers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from netc.compiler.analysis.figures import FREE
from netc.compiler.emit.memory import needed
from netc.compiler.emit.program import program
from netc.compiler.export.export import export
from netc.compiler.graph.dims import bound
from netc.compiler.graph.graph import Port
from netc.compiler.report.summary import Summary, summarise
from netc.compiler.resolve.network import Network
from netc.runtime.errors import RunError
from netc.runtime.measure import random_input
from netc.runtime.record import replace
from netc.runtime.session import Session
from netc.runtime.trainer import Trainer

from ..conftest import Promise
from ..strategies.networks import learning, network_of, sizes


def watched(network: Network) -> Network:
    """The network with every result of every layer use as an output."""
    values = dict.fromkeys(value for use in network.graph.uses if use.part_of is None for value in use.outs)
    outputs = tuple(Port(f"seen{value.number}", value, network.span) for value in values)
    return replace(network, graph=replace(network.graph, outputs=outputs))


def shapes_hold(network: Network, summary: Summary, seed: int, chosen: dict[str, int]) -> int:
    """Run a network here and in onnxruntime; returns how many shapes of layers were compared."""
    seen = watched(network)
    trainer = Trainer(program("seen", seen.graph, None, chosen))
    rng = np.random.default_rng(seed)
    arrays = {port.name: random_input(port, chosen, rng) for port in trainer.program.inputs}
    here = trainer.forward(**arrays)
    try:
        there = Session(export(seen, verified=False, folded=False).proto.SerializeToString()).run(arrays)
    except RunError as error:
        if error.code != "no-kernel":
            raise
        seen = watched(network_of(seed, narrow=True)[0])
        there = Session(export(seen, verified=False, folded=False).proto.SerializeToString()).run(arrays)
    lines = {line.name: line for line in summary.lines}
    compared = 0
    for use in network.graph.uses:
        if use.part_of is not None:
            continue
        assert lines[use.name].output == here[f"seen{use.outs[0].number}"].shape, use.name
        for value in use.outs:
            wanted = tuple(bound(size, chosen) for size in value.type.shape)
            assert here[f"seen{value.number}"].shape == there[f"seen{value.number}"].shape == wanted, use.name
            compared += 1
    return compared


def sizes_hold(network: Network, summary: Summary, chosen: dict[str, int]) -> None:
    """Parameters, buffers and their bytes are those of the arrays; memory is that of the arena."""
    totals, printed = summary.totals, summary.memory.inference
    trainer = Trainer(program("predicts", network.graph, None, chosen))
    trained = {parameter.name for parameter in network.graph.parameters if parameter.trainable}
    weights = {name: array for name, array in trainer.state_dict().items() if name in trained}
    buffers = {name: array for name, array in trainer.state_dict().items() if name not in trained}
    assert totals.params == sum(line.params for line in summary.lines) == sum(a.size for a in weights.values())
    assert totals.buffers == sum(line.buffers for line in summary.lines) == sum(a.size for a in buffers.values())
    assert printed == trainer.memory
    assert printed.total == trainer.arena.nbytes
    made = learning(network.graph)
    if made is not None:
        graph, settings = made
        trainer = Trainer(program("trains", graph, settings, chosen))
        training = needed(graph, settings, FREE | chosen).training
        assert training == trainer.memory
        assert training.total == trainer.arena.nbytes
        assert training.gradients == training.parameters == sum(array.nbytes for array in weights.values())


def exact(seeds: Iterable[int]) -> int:
    """Hold networks to their analysis; returns how many."""
    count = compared = 0
    for seed in seeds:
        network, text = network_of(seed)
        chosen = sizes(network, [1 + seed % 4], [2 + seed % 5, 12])[0]
        try:
            summary = summarise(replace(network, dims=dict(network.dims) | chosen))
            compared += shapes_hold(network, summary, seed, chosen)
            sizes_hold(network, summary, chosen)
        except Exception as error:
            raise AssertionError(f"{chosen}: {error!r}\n{text}") from error
        count += 1
    assert compared > 3 * count
    return count


@pytest.mark.parametrize("part", range(4))
def test_analysis_is_what_runs(part: int) -> None:
    exact(range(40_000 + 15 * part, 40_015 + 15 * part))


@pytest.mark.trust
@pytest.mark.promise("P5", "random networks: every layer's shape, here and in onnxruntime; parameters; memory", 2_000)
@pytest.mark.parametrize("part", range(20))
def test_analysis_is_what_runs_in_many_networks(part: int, promise: Promise) -> None:
    promise(exact(range(50_000 + 100 * part, 50_100 + 100 * part)))
