"""What running a network takes of memory: the arena of its program, in bytes."""

from __future__ import annotations

from collections.abc import Mapping

from ...runtime.program import Memory
from ...runtime.record import Record
from ..graph.graph import Graph
from ..graph.tiers import Tier
from ..training.settings import Settings
from .arena import arena
from .plans import plan

# The number of blocks of the parameters' size that an optimizer keeps.
SLOTS = {"sgd": 0, "momentum": 1, "adam": 2}


class Needed(Record, eq=False):
    """`inference` is prediction alone; `training` all that a trainer does, None where there is nothing to train by.

    `again` are the operations of a step of training that make values once more.
    """

    inference: Memory
    training: Memory | None
    again: int = 0


def needed(
    graph: Graph,
    settings: Settings | None,
    dims: Mapping[str, int],
    optimizer: str | None = None,
    budget: int | None = None,
    tier: Tier = "numpy",
) -> Needed:
    """The memory of a network at these sizes; `optimizer` is one of SLOTS, by default that of the settings; with a
    `budget` values are made again so that training is within so many bytes.

    Raises OverBudget; Unbound when a symbolic dimension has no size.
    """
    slots = SLOTS[optimizer] if optimizer else None
    made = plan(graph, settings, dims, slots=slots, text=False, budget=budget, tier=tier)
    _, body, room = made.bodies[0]
    parameters = body.computation.parameters
    inference = arena([room], parameters, body.spelling, trained=False, slots=0, scratch=0).memory()
    return Needed(inference, made.arena.memory() if settings is not None else None, made.again)


def largest_batch(
    graph: Graph, settings: Settings | None, dims: Mapping[str, int], budget: int, optimizer: str | None = None
) -> int:
    """The largest N whose memory, for training if there is anything to train by, is within `budget` bytes; 0 if none.

    Memory is taken to grow with N. So it does but for small steps down, where the values of a loop come to lie
    otherwise or an operation goes block by block: within one of those it is a batch that fits, while one more does not.
    """

    def fits(batch: int) -> bool:
        found = needed(graph, settings, {**dims, "N": batch}, optimizer)
        return (found.training or found.inference).total <= budget

    if not fits(1):
        return 0
    low, high = 1, 2
    while fits(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
