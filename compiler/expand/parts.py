"""The structure of a network to be written out: its layer uses and scopes in the order in which they run, with what
each of them reads, gives and needs."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from ...runtime.record import Record, fresh
from ..graph.dims import Poly
from ..graph.graph import Graph, Use, Value
from ..resolve.naming import Mark
from ..resolve.program import find_bundled
from ..resolve.values import Definition, Given, Instance, Recipe, Tensor
from ..syntax import tree

# What a block cannot name by itself: a `let` instance of an outer scope, and a size that is symbolic.
Outer = Instance | Poly


class Part(Record, eq=False, frozen=False):
    """A layer use or a scope, in the scope where it runs.

    `name` is its own name, the last part of the dotted one. `first` and `last` are the indexes of its layer uses.
    `reads` are the values from outside that it reads, `fed` those of them that stand left of it, `outs` those of its
    own that are read outside, and `needs` what it needs of outer scopes beside values; all in order. `parts` are those
    of a block or binding, `loops` those of a cell, each a scope of its own; both are empty for a layer, and for a
    bundled cell, which is written as it is used.
    """

    mark: Mark
    name: str
    first: int
    last: int
    parts: list[Part]
    loops: list[Part] = fresh(factory=list)
    reads: list[Value] = fresh(factory=list)
    fed: list[Value] = fresh(factory=list)
    outs: list[Value] = fresh(factory=list)
    needs: list[Outer] = fresh(factory=list)

    @property
    def defined(self) -> bool:
        """Whether a block or a cell of its own is written for it."""
        return bool(self.parts or self.loops)

    @property
    def instance(self) -> Instance | None:
        """The `let` instance of which this is an application."""
        return self.mark.applied if isinstance(self.mark.applied, Instance) else None

    @property
    def recipe(self) -> Recipe | None:
        """The layer or block that is applied, None for an operator, a `param` and the scope of a binding."""
        applied = self.mark.applied
        return applied.recipe if isinstance(applied, Instance) else applied if isinstance(applied, Recipe) else None


class Plan(Record, eq=False, frozen=False):
    """A whole network: its net as a scope, the applications of each `let` instance in order, and the instances of each
    scope by its place in the tree of names."""

    net: Part
    instances: dict[Instance, list[Part]] = fresh(factory=dict)
    homes: dict[Mark, list[Instance]] = fresh(factory=dict)

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
    for applications in result.instances.values():
        applications.sort(key=lambda part: part.first)
    result.instances = dict(sorted(result.instances.items(), key=lambda item: item[1][0].first))
    for instance in result.instances:
        result.homes.setdefault(instance.mark, []).append(instance)
    _flow(result, graph, kept)
    return result


def _part(mark: Mark, graph: Graph, depth: int) -> Part | None:
    """A use or scope as its names have it; None for a scope without layer uses. `depth` is its place in its name."""
    if mark.use is not None:
        part = Part(mark, graph.uses[mark.use].name.split(".")[depth], mark.use, mark.use, [])
        return _cell(part, graph, depth) if isinstance(_target(part.recipe), Definition) else part
    parts = _parts(mark, graph, depth)
    if not parts:
        return None
    first = min(part.first for part in parts)
    name = graph.uses[first].name.split(".")[depth] if depth >= 0 else mark.kind
    return Part(mark, name, first, max(part.last for part in parts), parts)


def _parts(scope: Mark, graph: Graph, depth: int) -> list[Part]:
    return [part for child in scope.children if (part := _part(child, graph, depth + 1)) is not None]


def _cell(part: Part, graph: Graph, depth: int) -> Part:
    """The use of a cell, with its loops unless it is a bundled one."""
    todo = [(part.mark, depth)]
    while todo:
        mark, below = todo.pop()
        if mark.equations is None:
            todo += [(child, below + 1) for child in mark.children[::-1] if child.kind in ("layer", "direction")]
            continue
        part.last = mark.equations.end - 1
        if not is_bundled(part.recipe):
            parts = _parts(mark, graph, below)
            part.loops.append(Part(mark, part.name, mark.equations.first, part.last, parts))
    return part


def is_bundled(recipe: Recipe | None) -> bool:
    """Whether a recipe is that of a bundled cell."""
    target = _target(recipe)
    if not isinstance(target, Definition):
        return False
    found = find_bundled(target.name)
    return found is not None and found[0] is target.item


def options(recipe: Recipe | None) -> list[Given]:
    """The arguments at a use of a cell that are no parameters of it."""
    target = _target(recipe)
    if recipe is None or not isinstance(target, Definition) or not isinstance(target.item, tree.Cell):
        return []
    own = {parameter.name.id for parameter in target.item.parameters}
    return [given for given in recipe.arguments if given.name is not None and given.name not in own]


def _target(recipe: Recipe | None) -> object:
    return recipe.target if recipe is not None else None


def _nest(scope: Part, found: Plan) -> None:
    """Put the parts of a scope into the order in which they run; a `let` instance bears the name of the scope where
    `let` stands, and moves to the scope where it is applied; what a bundled cell applies is not written."""
    kept: list[Part] = []
    within: list[Part] = []
    for part in sorted(scope.parts, key=lambda part: (part.first, -part.last)):
        around = kept[-1] if kept and part.last <= kept[-1].last else None
        if around is None:
            kept.append(part)
        elif around.parts:
            around.parts.append(part)
        elif around.loops:
            next(loop for loop in around.loops if loop.first <= part.first <= loop.last).parts.append(part)
        else:
            within.append(part)
    scope.parts = kept
    for part in (*kept, *within):
        if part.instance is not None:
            found.instances.setdefault(part.instance, []).append(part)
        for inner in (part, *part.loops):
            _nest(inner, found)


def _flow(found: Plan, graph: Graph, kept: Iterable[Value]) -> None:
    makes = [[value for value in use.outs if value not in use.ins] for use in graph.uses]
    read = _last_reads(found.net, graph, makes, kept)

    def visit(part: Part, something: Value | None) -> None:
        """`something` is what there is to be fed to a block that reads nothing."""
        for loop in part.loops:
            assert loop.mark.equations is not None
            if loop.parts:
                visit(loop, loop.mark.equations.inputs[0])
            loop.outs = list(dict.fromkeys([*loop.mark.equations.next, *loop.mark.equations.outputs]))
        for inner in part.parts:
            visit(inner, something)
        if part.parts:
            made = {value: index for index in range(part.first, part.last + 1) for value in makes[index]}
            inside = (value for inner in part.parts for value in inner.reads)
            part.reads = [value for value in dict.fromkeys(inside) if value not in made]
            if not part.reads and something is not None:
                part.reads = [something]
            part.fed = part.reads
            own = {value: index for value, index in made.items() if not _in_cell(graph.uses[index], part)}
            part.outs = [value for value, index in own.items() if read.get((value, index), -1) > part.last]
            part.outs = part.outs or list(_ends(part, graph)[-1:])
        else:
            use = graph.uses[part.first]
            part.fed, part.outs = list(use.ins), list(use.outs)
            part.reads = [*use.ins, *_given(part)]
        part.needs = [part.instance] if part.instance is not None else part_needs(part, found)

    visit(found.net, graph.inputs[0].value if graph.inputs else None)
    for applications in found.instances.values():
        _same_outs(applications, graph)


def _in_cell(use: Use, scope: Part) -> bool:
    """Whether a layer use of a scope is one of a cell in it."""
    return use.part_of is not None and use.part_of >= scope.first


def _ends(scope: Part, graph: Graph) -> tuple[Value, ...]:
    """What the last layer use of a scope gives, those in its cells apart."""
    return next(u.outs for u in reversed(graph.uses[scope.first : scope.last + 1]) if not _in_cell(u, scope))


def _last_reads(
    net: Part, graph: Graph, makes: list[list[Value]], kept: Iterable[Value]
) -> dict[tuple[Value, int], int]:
    """The index of the last layer use that reads a value, by that and by the use that makes it: what shares a weight
    makes it again.

    What a cell gives at the end is read after its last layer use.
    """
    read: dict[tuple[Value, int], int] = {}
    maker: dict[Value, int] = {}
    more: dict[int, list[Value]] = {len(graph.uses): list(kept)}
    todo = [net]
    while todo:
        part = todo.pop()
        todo += [*part.parts, *part.loops]
        more.setdefault(part.first, []).extend(_given(part))
        if part.mark.equations is not None:
            at = more.setdefault(part.mark.equations.end, [])
            at += [*part.mark.equations.next, *part.mark.equations.outputs]
    for index in range(len(graph.uses) + 1):
        ins = graph.uses[index].ins if index < len(graph.uses) else ()
        for value in (*ins, *more.get(index, ())):
            read[value, maker.get(value, -1)] = index
        if index < len(makes):
            maker.update(dict.fromkeys(makes[index], index))
    return read


def _given(part: Part) -> list[Value]:
    """The tensors among the options of a cell, such as `lengths`."""
    return [given.value.value for given in options(part.recipe) if isinstance(given.value, Tensor)]


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
    return part_needs(found.instances[instance][0], found)


def part_needs(part: Part, found: Plan) -> list[Outer]:
    """What a part, or the `let` of which it is the first application, names of outer scopes."""
    if part.loops:
        return scope_needs(part.loops[0], found)
    return scope_needs(part, found) if part.parts else arguments_need(part.recipe)


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
