"""The memory plan of a network: all that its program does, on one arena."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..graph.code import Names
from ..graph.computation import Computation
from ..graph.dims import Poly
from ..graph.graph import Graph
from ..graph.tensor import Float
from ..passes.build import evaluation, prediction, training
from ..recurrence.unrolling import unrolled
from ..training.settings import Settings
from .arena import Arena, arena
from .plan import Room, place, size
from .update import scratch_bytes
from .write import Body, write


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Plan:
    """A network's bodies by name with their rooms, `predict` first and `step` last, and the arena that holds them."""

    bodies: tuple[tuple[str, Body, Room], ...]
    arena: Arena


def plan(
    graph: Graph,
    settings: Settings | None,
    dims: Mapping[str, int],
    float_type: Float | None = None,
    slots: int | None = None,
    writer: Callable[[Computation, Names], Body] = write,
    *,
    probes: bool = False,
) -> Plan:
    """The memory plan at these sizes: for training, or for prediction alone where there is nothing to train by.

    `slots` is the number of blocks that the optimizer keeps, by default as the settings say; `writer` is `sketch` where
    no source is wanted; with `probes` a step gives the norms of the gradients by states. Raises Unbound when a
    symbolic dimension has no size.
    """
    found: dict[str, Computation] = {"predict": prediction(graph, float_type)}
    if settings is not None:
        found["evaluate"] = evaluation(graph, settings.loss, float_type)
        carries = settings.unroll is not None
        found["step"] = training(graph, settings.loss, float_type, carries=carries, probes=probes)
        slots = len(settings.optimizer.slots()) if slots is None else slots
    bodies = []
    for name, computation in found.items():
        names = Names(_symbols(computation, dims), step_dims(graph, settings, dims) if name == "step" else dims)
        body = writer(computation, names)
        bodies.append((name, body, place(body, names)))
    parameters = found["predict"].parameters
    rooms = [room for _, _, room in bodies]
    scratch = scratch_bytes(parameters) if settings else 0
    trained = settings is not None
    last = bodies[-1][1]
    carried = [size(state.before.type, last.spelling) for state in last.computation.carried]
    spelling = bodies[0][1].spelling
    layout = arena(rooms, parameters, spelling, trained=trained, slots=slots or 0, scratch=scratch, carried=carried)
    return Plan(tuple(bodies), layout)


def step_dims(graph: Graph, settings: Settings | None, dims: Mapping[str, int]) -> Mapping[str, int]:
    """The sizes of one step of training: with `unroll` it takes a chunk of each sequence."""
    if settings is None or settings.unroll is None:
        return dims
    symbol = unrolled(graph)
    return {**dims, symbol: min(settings.unroll, dims.get(symbol, settings.unroll))}


def _symbols(found: Computation, dims: Mapping[str, int]) -> dict[str, str]:
    """An identifier for each symbolic dimension, in the order in which the feeds show them."""
    seen: dict[str, str] = {}
    for port in found.feeds:
        for dim in port.value.type.shape:
            for name in dim.symbols if isinstance(dim, Poly) else ():
                seen.setdefault(name, "n" if name == "N" else f"n{len(seen)}")
    return seen
