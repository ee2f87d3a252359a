"""From a network to a program that trains it: computations, statements, memory plan, source."""

from __future__ import annotations

from collections.abc import Mapping

from ...runtime import program as runtime
from ..analysis.figures import analyse
from ..graph.axes import class_axis
from ..graph.code import channels_last, storage
from ..graph.graph import Graph, Parameter
from ..graph.tensor import Float
from ..graph.tiers import Tier
from ..recurrence.unrolling import unrolled
from ..training.settings import Settings
from .arena import Arena
from .plans import Plan, plan, step_dims
from .ports import ports
from .source import source
from .update import update


def program(
    name: str,
    graph: Graph,
    settings: Settings | None,
    dims: Mapping[str, int],
    float_type: Float | None = None,
    *,
    probes: bool = False,
    budget: int | None = None,
    tier: Tier = "numpy",
) -> runtime.Program:
    """The program of a network for up to these sizes, in its own float type or another.

    With `probes` a step also gives the norms of the gradient by each state of a cell, step by step.
    With a `budget` its arena is within so many bytes. Raises OverBudget; Unbound when a symbolic dimension has no size,
    TooSmall when one leaves a result without positions.
    """
    made = plan(graph, settings, dims, float_type, probes=probes, budget=budget, tier=tier)
    predict = made.bodies[0][1]
    layout = made.arena
    text = update(settings, made.bodies[-1][1].computation, layout, predict.spelling) if settings else None
    parameters = tuple(
        _parameter(parameter, layout, number) for number, parameter in enumerate(predict.computation.parameters)
    )
    kept = predict.computation.parameters
    floats = {p.value.type.dtype for p in kept} or {port.value.type.dtype for port in predict.computation.outputs}
    terms = _terms(graph, settings)
    return runtime.Program(
        name,
        source(name, graph, made.bodies, layout, text),
        "float64" if "f64" in floats else "float32",
        {name: predict.planned[name] for name in predict.spelling.symbols},
        *ports(graph, settings, float_type),
        tuple(port.name for port in graph.outputs),
        parameters,
        settings.optimizer.slots() if settings else (),
        layout.memory(),
        settings is not None,
        terms,
        settings is not None and len(terms) == len(settings.loss),
        _unroll(graph, settings, dims, made),
        tuple(port.name for port in made.bodies[-1][1].computation.outputs) if probes else (),
        analyse(graph).least(predict.planned),
        tier,
    )


def _unroll(graph: Graph, settings: Settings | None, dims: Mapping[str, int], made: Plan) -> runtime.Unroll | None:
    if settings is None or settings.unroll is None:
        return None
    step = made.bodies[-1][1]
    symbol = unrolled(graph)
    states = tuple(
        runtime.State(place, step.spelling.bytes(state.before.type), state.initial)
        for place, state in zip(made.arena.carried, step.computation.carried, strict=True)
    )
    return runtime.Unroll(symbol, step_dims(graph, settings, dims)[symbol], states)


def _parameter(parameter: Parameter, layout: Arena, number: int) -> runtime.Parameter:
    type = parameter.value.type
    order = (0, 3, 1, 2) if channels_last(type) else tuple(range(type.rank))
    shape = type.shape[::-1] if parameter.turned else type.shape
    return runtime.Parameter(
        parameter.name,
        layout.parameters[number],
        layout.gradients[number],
        tuple(slot + layout.parameters[number] - layout.first for slot in layout.slots) if parameter.trainable else (),
        tuple(int(dim) for dim in shape if isinstance(dim, int)),
        tuple(int(dim) for dim in storage(type) if isinstance(dim, int)),
        order[::-1] if parameter.turned else order,
        parameter.trainable,
        tuple(_first(part) for part in parameter.parts or (parameter,)),
    )


def _first(part: Parameter) -> runtime.First:
    rows = next((dim for dim in part.value.type.shape if isinstance(dim, int)), 1)
    return runtime.First(rows, part.initial.kind, part.initial.arguments, part.fan)


def _terms(graph: Graph, settings: Settings | None) -> tuple[runtime.Term, ...]:
    outputs = {port.value: port.name for port in graph.outputs}
    targets = {port.value: port.name for port in graph.targets}
    return tuple(
        runtime.Term(
            call.kind,
            outputs[call.prediction],
            targets[call.target],
            class_axis(call.prediction.type),
            call.ignore,
            call.weight,
        )
        for call in (settings.loss if settings else ())
        if call.prediction in outputs and call.target in targets
    )
