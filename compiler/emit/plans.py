"""The memory plan of a network: all that its program does, on one arena."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ...runtime.record import Record, asdict, replace
from ..graph.code import Names
from ..graph.computation import Computation
from ..graph.dims import Poly
from ..graph.graph import Graph, Port
from ..graph.tensor import Float
from ..graph.tiers import Tier
from ..passes.build import computations, prediction
from ..passes.recompute import Recomputed, Sizes, cheaply, most_held, within
from ..passes.units_last import units_last
from ..recurrence.scan import Scan
from ..recurrence.unrolling import unrolled
from ..training.settings import Settings
from .arena import Arena, arena, gradient_places
from .lanes import lanes_pay
from .plan import Room, place, scratch
from .update import scratch_bytes
from .wide import widen
from .write import Body, Drafts, sketch, write

# How many forms of a step are tried for a budget.
RUNGS = 32


class Plan(Record, eq=False):
    """A network's bodies by name with their rooms, `predict` first and `step` last, and the arena that holds them.

    `again` are the operations of a step that make values once more.
    """

    bodies: tuple[tuple[str, Body, Room], ...]
    arena: Arena
    again: int = 0


class OverBudget(Exception):
    """No plan is within the budget; `smallest` is the plan that takes least, `help` the way out."""

    def __init__(self, budget: int, smallest: Plan) -> None:
        memory = smallest.arena.memory()
        parts = ", ".join(f"{name} {size:,}" for name, size in asdict(memory).items() if size)
        super().__init__(f"it takes at least {memory.total:,} bytes ({parts}), the budget is {budget:,}")
        self.smallest = smallest
        self.help = f"make the batch smaller, or the budget {memory.total:,}"


def plan(
    graph: Graph,
    settings: Settings | None,
    dims: Mapping[str, int],
    float_type: Float | None = None,
    slots: int | None = None,
    *,
    text: bool = True,
    probes: bool = False,
    budget: int | None = None,
    tier: Tier = "numpy",
) -> Plan:
    """The memory plan at these sizes: for training, or for prediction alone where there is nothing to train by.

    `slots` is the number of blocks that the optimizer keeps, by default as the settings say; without `text` the bodies
    have no statements; with `probes` a step gives the norms of the gradients by states. With a `budget` in bytes a step
    makes as few values again as bring the arena within it, without one those that cost next to nothing. Raises
    OverBudget; Unbound when a symbolic dimension has no size.
    """
    graph = units_last(graph)
    if settings is None:
        found = {"predict": prediction(graph, float_type)}
    else:
        carries = settings.unroll is not None
        found = computations(graph, settings.loss, float_type, carries=carries, probes=probes)
        slots = len(settings.optimizer.slots()) if slots is None else slots
    planner = _Planner(found, dims, step_dims(graph, settings, dims), slots or 0, tier).laid_out()
    made = planner.plan(budget)
    return planner.written(made) if text else made


def _rungs(step: Computation, sizes: Sizes) -> Iterator[Recomputed]:
    """Forms of a step that take less and less memory, whatever the budget is: so a smaller one never computes less."""
    yield Recomputed(step, 0)
    yield cheaply(step, sizes)
    most = most_held(step, sizes)
    for rung in range(1, RUNGS):
        yield within(step, sizes, most * (RUNGS - rung) // RUNGS)


class _Planner(Record, eq=False):
    """Makes plans of one network that differ in their step."""

    found: Mapping[str, Computation]
    dims: Mapping[str, int]
    step_dims: Mapping[str, int]
    slots: int
    tier: Tier

    def laid_out(self) -> _Planner:
        """The same with loops and stacks in the form that the tier runs fastest."""
        if not any(isinstance(node.op, Scan) for body in self.found.values() for node in body.nodes):
            return self
        from ..recurrence.forms import laid_out

        made = {}
        for name, body in self.found.items():
            made[name] = laid_out(body, self.tier, Names({}, self._dims(name)).number)
        return replace(self, found=made)

    def plan(self, budget: int | None) -> Plan:
        """The plan of the step that computes least within the budget, without statements. Raises OverBudget."""
        step, drafts = self.found.get("step"), self._drafts()
        if step is None:
            made = self._placed(None, drafts)
            if budget is not None and made.arena.total > budget:
                raise OverBudget(budget, made)
            return made
        sizes = _sizes(drafts["step"])
        if budget is None:
            return self._placed(cheaply(step, sizes), drafts)
        smallest: Plan | None = None
        for form in sorted(_rungs(step, sizes), key=lambda form: form.flops):
            tried = self._placed(form, drafts)
            if tried.arena.total <= budget:
                return tried
            if smallest is None or tried.arena.total < smallest.arena.total:
                smallest = tried
        assert smallest is not None
        raise OverBudget(budget, smallest)

    def written(self, made: Plan) -> Plan:
        """A plan with the statements of its bodies, which have wide blocks where memory is free that the plan takes
        anyway."""
        top = min((made.arena.first, *made.arena.carried))
        bodies = []
        for name, body, room in made.bodies:
            wide = widen(body, room, top)
            widths = {number: found.width for number, found in wide.items()}
            places = [wide[number].places if number in wide else places for number, places in enumerate(room.scratch)]
            written = write(body.computation, self._names(name, body.computation.feeds), widths)
            bodies.append((name, written, replace(room, scratch=tuple(places))))
        return replace(made, bodies=tuple(bodies))

    def _placed(self, step: Recomputed | None, drafts: Mapping[str, Drafts]) -> Plan:
        found = {**self.found, "step": step.computation} if step else self.found
        bodies = [(name, sketch(computation, drafts[name])) for name, computation in found.items()]
        spelling = bodies[0][1].spelling
        parameters = found["predict"].parameters
        gradients = gradient_places(parameters, spelling) if step else {}
        trained = sum(spelling.bytes(parameter.value.type) for parameter in parameters if parameter.trainable)
        placed = [(name, body, place(body, body.spelling, gradients)) for name, body in bodies]
        last = bodies[-1][1]
        rooms = [room for _, _, room in placed]
        layout = arena(
            rooms,
            parameters,
            spelling,
            trained=step is not None,
            slots=self.slots,
            scratch=scratch_bytes(trained, max(room.activations + room.workspace for room in rooms)) if step else 0,
            carried=[last.spelling.bytes(state.before.type) for state in last.computation.carried],
        )
        return Plan(tuple(placed), layout, step.flops if step else 0)

    def _drafts(self) -> dict[str, Drafts]:
        """The drafts of each body's nodes; bodies of the same sizes that run in as many threads share them."""
        every = self.found["step" if "step" in self.found else "predict"].feeds
        known: dict[tuple[object, ...], Drafts] = {}
        found = {}
        for body in self.found:
            names = self._names(body, every)
            found[body] = known.setdefault((*names.planned.items(), names.lanes), Drafts(names))
        return found

    def _names(self, body: str, feeds: Iterable[Port]) -> Names:
        names = Names(_symbols(feeds), self._dims(body), tier=self.tier)
        names.lanes = lanes_pay(self.found[body].nodes, self.tier, names.number)
        return names

    def _dims(self, body: str) -> Mapping[str, int]:
        return self.step_dims if body == "step" else self.dims


def step_dims(graph: Graph, settings: Settings | None, dims: Mapping[str, int]) -> Mapping[str, int]:
    """The sizes of one step of training: with `unroll` it takes a chunk of each sequence."""
    if settings is None or settings.unroll is None:
        return dims
    symbol = unrolled(graph)
    return {**dims, symbol: min(settings.unroll, dims.get(symbol, settings.unroll))}


def _sizes(drafts: Drafts) -> Sizes:
    names = drafts.names
    return Sizes(names.bytes, lambda op, ins, outs: scratch(drafts(op, ins, outs).code)[1], names.number)


def _symbols(feeds: Iterable[Port]) -> dict[str, str]:
    """An identifier for each symbolic dimension, in the order in which the feeds show them."""
    seen: dict[str, str] = {}
    for port in feeds:
        for dim in port.value.type.shape:
            for name in dim.symbols if isinstance(dim, Poly) else ():
                seen.setdefault(name, "n" if name == "N" else f"n{len(seen)}")
    return seen
