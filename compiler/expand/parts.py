"""The structure of a network to be written out: its layer uses and scopes in the order in which they run, with what
each of them reads, gives and needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from ..graph.dims import Poly
from ..graph.graph import Graph, Value
from ..resolve.naming import Mark
from ..resolve.values import Given, Instance, Recipe

# What a block cannot name by itself: a `let` instance of an outer scope, and a size that is symbolic.
Outer = Instance | Poly


@dataclass(slots=True, eq=False)
class Part:
    """A layer use or a scope, in the scope where it runs.

    `name` is its own name, the last part of the dotted one. `first` and `last` are the indexes of its layer uses.
    `reads` are the values from outside that it reads, `outs` those of its own that are read outside, and `needs` what
    it needs of outer scopes beside values; all in order. `parts` is empty for a layer use.
    """

    mark: Mark
    name: str
    first: int
    last: int
    parts: list[Part]
    reads: list[Value] = field(default_factory=list)
    outs: list[Value] = field(default_factory=list)
    needs: list[Outer] = field(default_factory=list)

    @property
    def instance(self) -> Instance | None:
        """The `let` instance of which this is an application."""
        return self.mark.applied if isinstance(self.mark.applied, Instance) else None

    @property
    def recipe(self) -> Recipe | None:
        """The layer or block that is applied, None for an operator, a `param` and the scope of a binding."""
        applied = self.mark.applied
        return applied.recipe if isinstance(applied, Instance) else applied if isinstance(applied, Recipe) else None


@dataclass(slots=True, eq=False)
class Plan:
    """A whole network: its net as a scope, the applications of each `let` instance in order, and the instances of each
    scope by its place in the tree of names."""

    net: Part
    instances: dict[Instance, list[Part]] = field(default_factory=dict)
    homes: dict[Mark, list[Instance]] = field(default_factory=dict)

    def own(self, scope: Part) -> list[Instance]:
        """The instances that `let` names in a scope; one that is made of others comes after them."""
        ordered: dict[Instance, None] = {}
        todo = self.homes.get(scope.mark, [])[::-1]
        while todo:
            made_of = [need for need in instance_needs(todo[-1], self) if isinstance(need, Instance)]
            first = [other for other in made_of if other.mark is scope.mark and other not in ordered]
            if first:
                todo += first[::-1]
            else:
                ordered[todo.pop()] = None
        return list(ordered)


def plan(graph: Graph, mark: Mark, kept: Iterable[Value]) -> Plan:
    """The structure of a graph; `kept` are the values that are read after all layers."""
    net = _part(mark, graph, -1)
    if net is None:
        return Plan(Part(mark, mark.kind, 0, -1, []))
    result = Plan(net)
    _nest(net, result)
    for instance in result.instances:
        result.homes.setdefault(instance.mark, []).append(instance)
    _flow(result, graph, set(kept))
    return result


def _part(mark: Mark, graph: Graph, depth: int) -> Part | None:
    """A use or scope as its names have it; None for a scope without layer uses. `depth` is its place in its name."""
    if mark.use is not None:
        return Part(mark, graph.uses[mark.use].name.split(".")[depth], mark.use, mark.use, [])
    parts = [part for child in mark.children if (part := _part(child, graph, depth + 1)) is not None]
    if not parts:
        return None
    first = min(part.first for part in parts)
    name = graph.uses[first].name.split(".")[depth] if depth >= 0 else mark.kind
    return Part(mark, name, first, max(part.last for part in parts), parts)


def _nest(scope: Part, found: Plan) -> None:
    """Put the parts of a scope into the order in which they run; a `let` instance bears the name of the scope where
    `let` stands, and moves to the scope where it is applied."""
    kept: list[Part] = []
    for part in sorted(scope.parts, key=lambda part: (part.first, -part.last)):
        if kept and part.last <= kept[-1].last:
            kept[-1].parts.append(part)
        else:
            kept.append(part)
    scope.parts = kept
    for part in kept:
        if part.instance is not None:
            found.instances.setdefault(part.instance, []).append(part)
        if part.parts:
            _nest(part, found)


def _flow(found: Plan, graph: Graph, kept: set[Value]) -> None:
    made: dict[Value, int] = {}
    for index, use in enumerate(graph.uses):
        for value in use.outs:
            made.setdefault(value, index)
    read: dict[Value, int] = {}
    for index, use in enumerate(graph.uses):
        read.update(dict.fromkeys(use.ins, index))
    read.update(dict.fromkeys(kept, len(graph.uses)))

    def visit(part: Part) -> None:
        for inner in part.parts:
            visit(inner)
        if not part.parts:
            part.reads = list(graph.uses[part.first].ins)
            part.outs = list(graph.uses[part.first].outs)
            part.needs = [part.instance] if part.instance is not None else arguments_need(part.recipe)
            return
        inside = (value for inner in part.parts for value in inner.reads)
        part.reads = [value for value in dict.fromkeys(inside) if made.get(value, -1) < part.first]
        if not part.reads and graph.inputs:
            # A block is fed something, also when it holds nothing but weights.
            part.reads = [graph.inputs[0].value]
        outs = [value for use in graph.uses[part.first : part.last + 1] for value in use.outs]
        own = [value for value in dict.fromkeys(outs) if made[value] >= part.first]
        part.outs = [value for value in own if read.get(value, -1) > part.last] or outs[-1:]
        part.needs = scope_needs(part, found)
        if part.instance is not None:
            part.needs = [part.instance]

    visit(found.net)
    for applications in found.instances.values():
        _same_outs(applications, graph)


def scope_needs(scope: Part, found: Plan) -> list[Outer]:
    """What the body of a scope needs of outer scopes; what `let` names in it, it has."""
    needs: dict[Outer, None] = {}
    todo: list[Outer] = [need for part in scope.parts for need in part.needs][::-1]
    while todo:
        need = todo.pop()
        if isinstance(need, Instance) and need.mark is scope.mark:
            todo += instance_needs(need, found)[::-1]
        else:
            needs[need] = None
    return list(needs)


def instance_needs(instance: Instance, found: Plan) -> list[Outer]:
    """What the `let` of an instance names."""
    first = found.instances[instance][0]
    return scope_needs(first, found) if first.parts else arguments_need(instance.recipe)


def arguments_need(recipe: Recipe | None) -> list[Outer]:
    """The instances and symbolic sizes among the arguments of a layer."""
    needs: list[Outer] = []
    todo: list[object] = [*recipe.arguments[::-1]] if recipe is not None else []
    while todo:
        match todo.pop():
            case Given(value=value):
                todo.append(value)
            case tuple(items):
                todo += items[::-1]
            case Recipe() as inner:
                todo += inner.arguments[::-1]
            case Instance() | Poly() as need:
                needs.append(need)
    return needs


def _same_outs(applications: list[Part], graph: Graph) -> None:
    """All applications of one block give what is read of any of them."""
    if not applications[0].parts:
        return
    places = {
        (index, place)
        for part in applications
        for index, use in enumerate(islice(graph.uses, part.first, part.last + 1))
        for place, value in enumerate(use.outs)
        if value in part.outs
    }
    for part in applications:
        uses = graph.uses[part.first : part.last + 1]
        part.outs = list(
            dict.fromkeys(
                uses[index].outs[place]
                for index, place in sorted(places)
                if index < len(uses) and place < len(uses[index].outs)
            )
        )
