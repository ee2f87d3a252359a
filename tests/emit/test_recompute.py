"""Making values again changes no bit of a step, and brings its plan within the budget."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import netc
from netc.compiler.driver import bundled
from netc.compiler.emit import plans
from netc.compiler.emit.plans import OverBudget, plan
from netc.compiler.emit.program import program
from netc.compiler.graph.computation import verify
from netc.compiler.graph.graph import Graph
from netc.compiler.passes.recompute import Recomputed, cheaply
from netc.compiler.training.settings import Settings
from netc.runtime.trainer import Trainer

from .test_reuse import SIZES, trained

NAMES = [name for stem, variants in bundled().items() for name in (stem, *variants)]
DEEP = """net deep {
  input image: f32[N, 3, 12, 12]
  target label: i64[N]
  conv(8, 3, pad = 1) -> batchnorm -> relu
  repeat 4 { it + (it -> conv(8, 3, pad = 1) -> batchnorm -> gelu -> dropout(0.3) -> conv(8, 3, pad = 1)) -> relu }
  maxpool(2) -> flatten -> dropout(0.5)
  logits = fc(5)
  output logits
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1, momentum = 0.9) }
}
"""


def keeping(graph: Graph, settings: Settings, dims: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> Trainer:
    """A trainer that makes nothing again."""
    with monkeypatch.context() as patched:
        patched.setattr(plans, "cheaply", lambda step, _: Recomputed(step, 0))
        return Trainer(program("kept", graph, settings, dims), 1)


def forms(graph: Graph, settings: Settings, dims: dict[str, int]) -> list[plans.Plan]:
    """The plans of every form of a step that is tried for a budget, the one that computes least first."""
    with pytest.raises(OverBudget) as refused:
        plan(graph, settings, dims, text=False, budget=0)
    least = refused.value.smallest.arena.total
    budgets = [least, least + 1, least * 5 // 4, least * 3 // 2, 10 * least]
    return [plan(graph, settings, dims, text=False, budget=budget) for budget in reversed(budgets)]


def numbers(trainer: Trainer, dims: dict[str, int]) -> list[np.ndarray]:
    """The gradients and two steps, and what they leave."""
    rng = np.random.default_rng(1)
    arrays = {}
    for port in (*trainer.program.inputs, *trainer.program.targets):
        shape = tuple(dims[dim] if isinstance(dim, str) else dim for dim in port.dims)
        floats = port.dtype.startswith("float")
        arrays[port.name] = rng.normal(size=shape) if floats else rng.integers(port.classes or 2, size=shape)
    arrays = {name: array.astype("f4") if array.dtype.kind == "f" else array for name, array in arrays.items()}
    gradients = trainer.gradients(**arrays)
    losses = [np.array(trainer.step(**arrays)) for _ in range(2)]
    return [*losses, *gradients.values(), *trainer.state_dict().values(), *trainer.optimizer_state().values()]


def held(graph: Graph, settings: Settings, dims: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs with and without budgets leave the same bits, and their arenas keep to what they were given."""
    wanted = numbers(keeping(graph, settings, dims, monkeypatch), dims)
    before = -1
    for made in forms(graph, settings, dims):
        assert made.again >= before
        before = made.again
        trainer = Trainer(program("held", graph, settings, dims, budget=made.arena.total), 1)
        assert trainer.arena.nbytes == made.arena.total
        for a, b in zip(wanted, numbers(trainer, dims), strict=True):
            assert np.array_equal(a, b, equal_nan=True)
    for a, b in zip(wanted, numbers(Trainer(program("cheap", graph, settings, dims), 1), dims), strict=True):
        assert np.array_equal(a, b, equal_nan=True)


def test_a_deep_network_with_dropout_trains_alike_within_any_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    network = netc.loads(DEEP).network
    assert network.settings is not None
    held(network.graph, network.settings, {"N": 6}, monkeypatch)
    made = forms(network.graph, network.settings, {"N": 6})
    assert made[0].again == 0
    assert made[-1].again > 0
    assert made[-1].arena.total < 0.6 * made[0].arena.total


MANY = [pytest.param(seed, marks=pytest.mark.trust) for seed in range(20_000, 20_100)]


@pytest.mark.parametrize("seed", [3, 11, 14, 16, 2004, 2009, *MANY])
def test_random_networks_train_alike_within_any_budget(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, settings, _ = trained(seed)
    held(graph, settings, SIZES, monkeypatch)


@pytest.mark.parametrize("name", ["digits", "lenet5", "char_lstm", "seq2seq", "convlstm"])
def test_bundled_networks_train_alike_within_any_budget(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = netc.load(name).network
    assert network.settings is not None
    sizes = {"N": 3, "T": 5, "S": 4}
    held(network.graph, network.settings, sizes, monkeypatch)


@pytest.mark.parametrize("name", NAMES)
def test_what_makes_values_again_holds_on_bundled_networks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every shape rule, and that each value is made once and before it is read."""
    network = netc.load(name).network
    seen: list[Recomputed] = []

    def spied(*given: object) -> Recomputed:
        seen.append(cheaply(*given))  # type: ignore[arg-type]
        return seen[-1]

    monkeypatch.setattr(plans, "cheaply", spied)
    made = plan(network.graph, network.settings, {"N": 2, "T": 3, "S": 3}, text=False)
    assert made.again == seen[0].flops
    verify(seen[0].computation)


def test_a_plan_does_not_depend_on_the_run() -> None:
    network = netc.loads(DEEP).network
    first, second = (
        partial(program, "deep", network.graph, network.settings, {"N": 4}, budget=400_000) for _ in range(2)
    )
    assert first().source == second().source


def test_a_budget_that_nothing_fits_says_what_does() -> None:
    network = netc.loads(DEEP).network
    with pytest.raises(OverBudget) as refused:
        plan(network.graph, network.settings, {"N": 4}, budget=1000)
    least = refused.value.smallest.arena.total
    assert plan(network.graph, network.settings, {"N": 4}, budget=least).arena.total == least
    with pytest.raises(OverBudget):
        plan(network.graph, network.settings, {"N": 4}, budget=least - 1)
