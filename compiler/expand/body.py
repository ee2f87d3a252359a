"""One body written out: a statement for each layer use and scope, which is bound to its own name."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from typing import cast

from ..graph.arguments import Word
from ..graph.graph import Graph, Value
from ..graph.initial import Initial
from ..resolve.values import Definition, Given, Instance, Recipe
from ..syntax import tree
from .groups import Group, arrange
from .literal import NOWHERE, NoLiteral, applied, bound, call, called, literal, name
from .parts import Part, Plan, instance_needs, options, part_needs


class Body:
    """Writes the body of `scope`.

    `blocks` has the definition of each scope in it; `ports` are the names that values must have: the inputs and outputs
    of a net. `values` and `outer` are the names of values, `in` being one, and of what is no tensor.
    """

    def __init__(
        self, scope: Part, plan: Plan, graph: Graph, blocks: Mapping[Part, str], ports: Mapping[str, Value]
    ) -> None:
        self.scope, self.plan, self.graph, self.blocks, self.ports = scope, plan, graph, blocks, ports
        self.own = plan.own(scope)
        self.words = {word for part in scope.parts for word in self._words(part)}
        self.words |= {word for instance in self.own for word in self._words(plan.instances[instance][0])}
        self.settled = {part.name for part in scope.parts if part.instance is None}
        self.used = self.settled | self.words | set(ports)
        self.values: dict[Value, str] = {}
        self.bound: dict[str, Value] = {}
        self.outer: dict[object, str] = {}
        self.last = {value: place for place, part in enumerate(scope.parts) for value in part.reads}
        self.last.update(dict.fromkeys((*scope.outs, *ports.values()), len(scope.parts)))
        self.shared = self._shared_labels()
        for instance in self.own:
            first = plan.instances[instance][0].name
            self.outer[instance] = instance.name if instance.name in self.shared else first
            self.used.add(self.outer[instance])

    def fresh(self, stem: str) -> str:
        """The stem, with `_` behind it as long as the name is in use."""
        while stem in self.used:
            stem += "_"
        self.used.add(stem)
        return stem

    def statements(self) -> list[tree.Statement]:
        """The statements of all layer uses and scopes; the names of what comes in must be known."""
        reaches = {instance: self._reach(instance) for instance in self.own}
        grouped = [reaches[instance] for instance in self.own if instance.name in self.shared]
        whole = arrange(grouped, len(self.scope.parts))
        lets: dict[tuple[int, int], list[Instance]] = {}
        for instance in self.own:
            home = whole.innermost(*reaches[instance])
            at = next((g.first for g in home.inner if g.holds(reaches[instance][0], g.last)), reaches[instance][0])
            lets.setdefault((id(home), at), []).append(instance)
        return self._group(whole, lets)

    def result(self, statements: list[tree.Statement], names: list[str]) -> list[tree.Statement]:
        """What makes values the result of statements: nothing when the last one binds just these."""
        last = statements[-1] if statements else None
        if isinstance(last, tree.Bind) and list(last.names) == [called(text) for text in names]:
            return []
        nodes = tuple([called(text) for text in names])
        return [tree.Flow(NOWHERE, nodes[0] if len(nodes) == 1 else tree.Tuple(NOWHERE, nodes))]

    def read(self, value: Value) -> tree.Expr:
        """What reads a value."""
        return called(self.values[value])

    def output(self, names: list[str]) -> tree.Output:
        """The statement that makes values of these names the result."""
        return tree.Output(NOWHERE, tuple(map(bound, names)))

    def _group(self, group: Group, lets: Mapping[tuple[int, int], list[Instance]]) -> list[tree.Statement]:
        made: list[tree.Statement] = []
        inner = {within.first: within for within in group.inner}
        place = group.first
        while place <= group.last and place < len(self.scope.parts):
            for instance in lets.get((id(group), place), ()):
                made.append(tree.Let(NOWHERE, name(self.outer[instance]), self._let(instance)))
            if place not in inner:
                made += self._part(self.scope.parts[place])
                place += 1
                continue
            within = inner[place]
            before = set(self.values)
            statements = self._group(within, lets)
            place = within.last + 1
            out = [text for v, text in self.values.items() if self._leaves(v, place, before)]
            made += _apart(statements + (self.result(statements, out) if out else []), out)
        return made

    def _leaves(self, value: Value, place: int, before: set[Value]) -> bool:
        """Whether a group gives a value to what stands from `place` on; the next values of states are known anyway."""
        own = value not in before and not self.values[value].endswith("'")
        return own and self.last.get(value, -1) >= place

    # Names

    def _words(self, part: Part) -> Iterator[str]:
        """The names of layers, blocks and words in the text of a part."""
        if part in self.blocks:
            yield self.blocks[part]
            for given in options(part.recipe):
                if isinstance(given.value, Recipe):
                    yield given.value.name
            return
        if part.mark.kind == "param" and part.recipe is None:
            yield self._initial(part).kind
        todo: list[object] = [part.recipe]
        while todo:
            match todo.pop():
                case Recipe(name=word, arguments=arguments):
                    yield word
                    todo += arguments
                case Given(value=value):
                    todo.append(value)
                case tuple(items):
                    todo += items
                case Word() as word:
                    yield word
                case Initial(kind=word):
                    yield word

    def _shared_labels(self) -> set[str]:
        """The names of `let` that others have too, so that uses get ordinals which only one name can give them."""
        labels = [part.mark.label for part in self.scope.parts if part.instance is None]
        labels += [instance.name for instance in self.own]
        found: set[str] = set()
        for instance in self.own:
            applications = self.plan.instances[instance]
            if applications[0].name in self.words or (len(applications) > 1 and labels.count(instance.name) > 1):
                found.add(instance.name)
        return found

    def _reach(self, instance: Instance) -> tuple[int, int]:
        """The places of the first and the last statement that needs an instance, or one that is made of it."""
        needing = {instance}
        for other in self.own:
            if needing & set(instance_needs(other, self.plan)):
                needing.add(other)
        places = [place for place, part in enumerate(self.scope.parts) if needing & set(part.needs)]
        return places[0], places[-1]

    def _free_port(self, value: Value) -> str | None:
        """The name that a value must have, when it has none yet and nothing else has that one here."""
        if value in self.values:
            return None
        taken = self.settled | self.words | set(self.values.values()) | set(self.outer.values())
        return next((port for port, wanted in self.ports.items() if wanted is value and port not in taken), None)

    # Statements

    def _part(self, part: Part) -> list[tree.Statement]:
        rest = self._rest(part)
        label = part.mark.label if part.mark.label in self.shared else part.name
        assert label is not None
        if part.instance is not None:
            stem = part.name if part.instance in self.own else self.outer[part.instance]
            label = self._free_port(part.outs[0]) or self.fresh(stem)
        elif label in self.words or label in self.shared or self.ports.get(label, part.outs[0]) is not part.outs[0]:
            return self._renamed(part, label, rest)
        made = [self._statement(part, [label, *rest])]
        self._call_them(part, [label, *rest])
        return made

    def _rest(self, part: Part) -> list[str]:
        """Names for the values of a part after its first."""
        names = []
        for place, value in enumerate(part.outs[1:], 1):
            port = self._free_port(value) if value not in part.outs[:place] else None
            names.append(port or self.fresh(f"{part.name}_{place + 1}"))
        return names

    def _renamed(self, part: Part, label: str, rest: list[str]) -> list[tree.Statement]:
        """A part whose name means something else in this body: its values get other names."""
        if not part.defined and part.mark.label is None:
            # Layers and operators without a name of their own get it by counting.
            made: list[tree.Statement] = [tree.Flow(NOWHERE, self._pipeline(part))]
            names = [self.fresh(label), *rest]
            made.append(bind(names, tree.It(NOWHERE)))
        else:
            inside: list[tree.Statement] = [self._statement(part, [label, *rest])]
            if isinstance(inside[0], tree.Weight):
                inside.append(tree.Flow(NOWHERE, name(label)))
            names = [self.fresh(label), *rest]
            made = _apart(inside, names)
        self._call_them(part, names)
        return made

    def _call_them(self, part: Part, names: list[str]) -> None:
        """A layer such as `identity` hands on a value that has a name, which it keeps."""
        for value, text in zip(part.outs, names, strict=True):
            self.values.setdefault(value, text)
            self.bound[text] = value

    def _statement(self, part: Part, names: list[str]) -> tree.Statement:
        if part.mark.kind == "param" and part.mark.applied is None and not part.defined:
            dims = tuple([literal(dim, self.outer) for dim in part.outs[0].type.shape[1:]])
            slot = tree.Slot(NOWHERE, names[0], dims, literal(self._initial(part), self.outer))
            return tree.Weight(NOWHERE, (slot,))
        return bind(names, self._pipeline(part))

    def _pipeline(self, part: Part) -> tree.Expr:
        if isinstance(part.mark.applied, tuple):
            left, sign, right = part.mark.applied
            return tree.Arithmetic(NOWHERE, self._side(left), ((sign, self._side(right)),))  # type: ignore[arg-type]
        fed = tuple([self.read(value) for value in part.fed])
        start = fed[0] if len(fed) == 1 else tree.Tuple(NOWHERE, fed)
        return tree.Chain(NOWHERE, (start, self._target(part)))

    def _target(self, part: Part) -> tree.Expr:
        if part.instance is not None:
            return name(self.outer[part.instance])
        return self._applied(part, part.recipe)

    def _let(self, instance: Instance) -> tree.Expr:
        first = self.plan.instances[instance][0]
        return self._applied(first, instance.recipe)

    def _applied(self, part: Part, recipe: Recipe | None) -> tree.Expr:
        """A layer with its arguments, or what is defined for a part with what that needs, and the options of a cell."""
        names = ChainMap(self.outer, cast("dict[object, str]", self.values))
        if part.defined:
            given = [
                *((None, need) for need in part_needs(part, self.plan)),
                *((o.name, o.value) for o in options(recipe)),
            ]
            return call(
                self.blocks[part], [tree.Argument(NOWHERE, word, literal(value, names)) for word, value in given]
            )
        assert recipe is not None
        for value in [argument.value for argument in recipe.arguments]:
            inner = value.recipe if isinstance(value, Instance) else value
            if isinstance(inner, Recipe) and isinstance(inner.target, Definition):
                message = f"the block `{inner.name}` is given to a bundled cell"
                raise NoLiteral(message, "give it a layer, or write the cell's equations in the file")
        return applied(recipe, names)

    def _side(self, side: Value | float) -> tree.Expr:
        if isinstance(side, Value):
            return self.read(side)
        number = literal(side, self.outer)
        return tree.Group(NOWHERE, number) if isinstance(number, tree.Negative) else number

    def _initial(self, part: Part) -> Initial:
        value = part.outs[0]
        return next(p.initial for p in self.graph.parameters if p.value is value)


def bind(names: list[str], value: tree.Expr) -> tree.Bind:
    """The values of an expression under names."""
    return tree.Bind(NOWHERE, tuple([bound(text) for text in names]), value)


def _apart(statements: list[tree.Statement], names: list[str]) -> list[tree.Statement]:
    """Statements whose names hold in them alone, and names for their results."""
    once = tree.Repeat(NOWHERE, tree.Number(NOWHERE, "1", 1), None, tree.Body(NOWHERE, tuple(statements)))
    return [once, bind(names, tree.It(NOWHERE))] if names else [once]
