"""Random statements that are right, and the rows that their analysis should have: branches, loops, blocks, sharing."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from netc.compiler.syntax import tree

from . import layers
from .shapes import SPAN, Item, Made, Shape, channel_axis, feature_axis, number, put, real, volume, word


@dataclass(frozen=True, slots=True)
class Row:
    """What the analysis of one layer use should say."""

    kind: str
    shape: Shape
    params: int = 0
    macs: int = 0
    elements: int = 0


@dataclass(slots=True)
class Scope:
    """A net or block being made: its values by name, and the parameters that numbers in it became."""

    values: dict[str, Shape]
    parameters: list[tuple[str, int]] = field(default_factory=list)


class StatementMaker:
    """Makes statements and blocks; each method that makes statements takes the shape of `it` and returns the next
    one."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.rows: list[Row] = []
        self.items: list[tree.Item] = []
        self.scope = Scope({})
        self.dims: dict[str, int] = {}
        self.count = 0

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def likely(self, share: float) -> bool:
        return self.chance.random() < share

    # Expressions

    def amount(self, value: int) -> tree.Expr:
        """A whole number: written out, worked out, or a parameter of the block or net."""
        same = [name for name, known in self.scope.parameters if known == value]
        if same and self.likely(0.5):
            return word(self.chance.choice(same))
        if self.likely(0.15):
            name = self.fresh("p")
            self.scope.parameters.append((name, value))
            return word(name)
        if self.likely(0.8):
            return number(value)
        part = self.chance.randint(0, value)
        signs: tuple[Literal["*", "//", "%"], ...] = ("*", "//", "%")
        match self.chance.randrange(4):
            case 0:
                return tree.Arithmetic(SPAN, number(part), (("+", number(value - part)),))
            case 1:
                by = {"*": 1, "//": 1, "%": value + 1}
                sign = self.chance.choice(signs)
                return tree.Arithmetic(SPAN, number(value), ((sign, number(by[sign])),))
            case 2:
                return self.call("min", number(value + part), number(value))
        return self.call("max", tree.List(SPAN, (number(part), number(value))))

    def call(self, name: str, *arguments: tree.Expr) -> tree.Call:
        return tree.Call(SPAN, word(name), tuple(tree.Argument(SPAN, None, value) for value in arguments))

    def item(self, value: Item) -> tree.Expr:
        return self.amount(value) if isinstance(value, int) else value

    def text(self, made: Made) -> tree.Expr:
        """A layer with its arguments."""
        if not made.arguments:
            return word(made.kind)
        arguments = tuple(tree.Argument(SPAN, name, self.item(value)) for name, value in made.arguments)
        return tree.Call(SPAN, word(made.kind), arguments)

    def use(self, made: Made) -> tree.Expr:
        """A layer, whose row comes next."""
        self.rows.append(Row(made.kind, made.shape, made.params, made.macs, elements(made)))
        return self.text(made)

    def operator(self, kind: str, shape: Shape) -> None:
        self.rows.append(Row(kind, shape, elements=volume(shape)))

    def chain(self, shape: Shape, length: int, *, keep: bool = False) -> tuple[list[tree.Expr], Shape]:
        """Some layers in a row."""
        steps = []
        for _ in range(length):
            made = (layers.keeping if keep else layers.any_layer)(self.chance, shape)
            steps.append(self.use(made))
            shape = made.shape
        return steps, shape

    def path(self, shape: Shape) -> tree.Expr:
        """Some layers in a row that keep the shape."""
        return piped(self.chain(shape, self.chance.randint(1, 2), keep=True)[0])

    # Statements

    def flow(self, shape: Shape) -> tuple[list[tree.Statement], Shape]:
        steps, shape = self.chain(shape, self.chance.randint(1, 3))
        return [tree.Flow(SPAN, piped([*([tree.It(SPAN)] if self.likely(0.3) else []), *steps]))], shape

    def bind(self, shape: Shape) -> tuple[list[tree.Statement], Shape]:
        steps, shape = self.chain(shape, self.chance.randint(1, 3))
        name = self.fresh("v")
        self.scope.values[name] = shape
        return [tree.Bind(SPAN, (word(name),), piped(steps))], shape

    def residual(self, shape: Shape) -> tuple[list[tree.Statement], Shape]:
        sign, kind = self.chance.choice((("+", "add"), ("+", "add"), ("-", "sub"), ("*", "mul")))
        signs: dict[str, tree.Operator] = {"+": "+", "-": "-", "*": "*"}
        side = tree.Group(SPAN, self.path(shape))
        both = tree.Arithmetic(SPAN, tree.It(SPAN), ((signs[sign], side),))
        self.operator(kind, shape)
        return [tree.Flow(SPAN, both)], shape

    def scaled(self, shape: Shape) -> tuple[list[tree.Statement], Shape]:
        """`it` and a number."""
        self.operator("mul", shape)
        if self.likely(0.3):
            return [tree.Flow(SPAN, tree.Negative(SPAN, tree.It(SPAN)))], shape
        return [tree.Flow(SPAN, tree.Arithmetic(SPAN, number(0.5), (("*", tree.It(SPAN)),)))], shape

    def branches(self, shape: Shape) -> tuple[list[tree.Statement], Shape]:
        """A tuple whose parts are joined."""
        paths = tuple(self.path(shape) for _ in range(self.chance.randint(2, 3)))
        axis = feature_axis(shape)
        size, times = shape[axis], len(paths)
        if isinstance(size, int) and self.likely(0.6):
            made = Made("concat", (), put(shape, axis, size * times))
        else:
            made = Made(self.chance.choice(("add", "mul")), (), shape)
        return [tree.Flow(SPAN, piped([tree.Tuple(SPAN, paths), self.use(made)]))], made.shape

    def summed(self, shape: Shape) -> tuple[list[tree.Statement], Shape]:
        """Two inputs of one `fc`."""
        if len(shape) not in (2, 3) or not isinstance(shape[-1], int):
            return self.flow(shape)
        paths = tree.Tuple(SPAN, (self.path(shape), self.path(shape)))
        units, each = self.chance.randint(1, 8), self.likely(0.5)
        arguments: tuple[tuple[str | None, Item], ...] = ((None, units), *([("bias", word("each"))] if each else []))
        params = 2 * units * shape[-1] + units * (1 + each)
        out = (*shape[:-1], units)
        step = self.use(Made("fc", arguments, out, params, 2 * units * volume(shape)))
        return [tree.Flow(SPAN, piped([paths, step]))], out

    def shared(self, shape: Shape) -> tuple[list[tree.Statement], Shape]:
        """One layer, used twice."""
        made = layers.keeping(self.chance, shape)
        name = self.fresh("f")
        let = tree.Let(SPAN, word(name), self.text(made))
        row = Row(made.kind, made.shape, made.params, made.macs, elements(made))
        self.rows += [row, replace(row, params=0)]
        return [let, tree.Flow(SPAN, piped([tree.It(SPAN), word(name), word(name)]))], shape

    def split(self, shape: Shape) -> tuple[list[tree.Statement], Shape]:
        axis = feature_axis(shape)
        size = shape[axis]
        if not isinstance(size, int) or size < 2 or axis == 0:
            return self.flow(shape)
        if size % 2 == 0 and self.likely(0.5):
            parts: tuple[int, ...] = (size // 2, size // 2)
            argument: Item = 2
        else:
            first = self.chance.randint(1, size - 1)
            parts = (first, size - first)
            argument = tree.List(SPAN, tuple(number(part) for part in parts))
        names = tuple(self.fresh("v") for _ in parts)
        made = Made("split", ((None, argument),), put(shape, axis, parts[0]))
        self.rows.append(Row("split", made.shape, elements=volume(shape)))
        self.scope.values |= {name: put(shape, axis, part) for name, part in zip(names, parts, strict=True)}
        bound = tree.Bind(SPAN, tuple(map(word, names)), piped([tree.It(SPAN), self.text(made)]))
        pieces = tree.Tuple(SPAN, tuple(map(word, reversed(names))))
        return [bound, tree.Flow(SPAN, piped([pieces, self.use(Made("concat", (), shape))]))], shape

    def repeat(self, shape: Shape) -> tuple[list[tree.Statement], Shape]:
        times, start = self.chance.randint(0, 3), len(self.rows)
        body, _ = self.body(shape, keep=True)
        made = self.rows[start:]
        self.rows[start:] = made * times
        variable = word(self.fresh("i")) if self.likely(0.3) else None
        return [tree.Repeat(SPAN, self.amount(times), variable, body)], shape

    def each(self, shape: Shape) -> tuple[list[tree.Statement], Shape]:
        """A loop over sizes of a layer."""
        if len(shape) not in (2, 4, 5) or not isinstance(shape[channel_axis(shape)], int):
            return self.repeat(shape)
        name, items = self.fresh("c"), [self.chance.randint(1, 8) for _ in range(self.chance.randint(1, 3))]
        axis, flat = channel_axis(shape), len(shape) == 2
        for size in items:
            weights = real(shape[axis]) * size * (1 if flat else 9)
            macs = weights * volume(shape) // real(shape[axis])
            shape = put(shape, axis, size)
            made = Made("fc" if flat else "conv", (), shape, weights + size, macs)
            self.rows.append(Row(made.kind, shape, made.params, made.macs, volume(shape)))
            self.rows.append(Row("relu", shape, elements=volume(shape)))
        arguments: list[tuple[str | None, Item]] = [(None, word(name))]
        if not flat:
            arguments += [(None, 3), ("pad", number(1))]
        layer = self.text(Made("fc" if flat else "conv", tuple(arguments), shape))
        body = tree.Body(SPAN, (tree.Flow(SPAN, piped([layer, word("relu")])),))
        listed = tree.List(SPAN, tuple(number(size) for size in items))
        return [tree.For(SPAN, (word(name),), listed, body)], shape

    def condition(self, shape: Shape) -> tuple[tree.Expr, bool]:
        """Something that holds or does not, of the shape of `it`."""
        rank, limit = len(shape), self.chance.randint(1, 5)
        asked = tree.Compare(SPAN, ">", tree.Field(SPAN, tree.It(SPAN), "rank"), number(limit))
        match self.chance.randrange(3):
            case 0:
                return asked, rank > limit
            case 1:
                return tree.Not(SPAN, asked), not rank > limit
        both = (asked, tree.Compare(SPAN, "!=", number(1), number(1)))
        return tree.Logic(SPAN, "or", both), rank > limit

    def branch(self, shape: Shape) -> tuple[list[tree.Statement], Shape]:
        condition, holds = self.condition(shape)
        bodies = []
        outs = []
        for taken in (holds, not holds):
            start = len(self.rows)
            body, out = self.body(shape)
            bodies.append(body)
            outs.append(out)
            if not taken:
                del self.rows[start:]
        if self.likely(0.3) and holds:
            return [tree.If(SPAN, ((condition, bodies[0]),), None)], outs[0]
        if self.likely(0.3):
            return [tree.If(SPAN, ((condition, bodies[0]), (word("yes"), bodies[1])), None)], outs[not holds]
        return [tree.If(SPAN, ((condition, bodies[0]),), bodies[1])], outs[not holds]

    def choice(self, shape: Shape) -> tuple[list[tree.Statement], Shape]:
        condition, holds = self.condition(shape)
        sides = [layers.any_layer(self.chance, shape) for _ in range(2)]
        taken = sides[not holds]
        texts = [self.use(made) if made is taken else self.text(made) for made in sides]
        either = tree.Group(SPAN, tree.Choice(SPAN, texts[0], condition, texts[1]))
        return [tree.Flow(SPAN, piped([tree.It(SPAN), either]))], taken.shape

    # Blocks

    def block(self, shape: Shape) -> tuple[list[tree.Statement], Shape]:
        """A block of its own, used once or shared."""
        outer, start = self.scope, len(self.rows)
        self.scope = Scope({})
        twice = self.likely(0.25)
        body, out = self.body(shape, keep=twice)
        inner, self.scope = self.scope.parameters, outer
        called = self.define(inner, (), body)
        if not twice:
            return [tree.Flow(SPAN, called)], out
        self.rows += [replace(row, params=0) for row in self.rows[start:]]
        shared = self.fresh("f")
        let = tree.Let(SPAN, word(shared), called)
        return [let, tree.Flow(SPAN, piped([tree.It(SPAN), word(shared), word(shared)]))], out

    def define(self, inner: list[tuple[str, int]], inputs: tuple[tree.Name, ...], body: tree.Body) -> tree.Expr:
        """A block with these numbers as parameters, some with defaults, and the call that puts them in."""
        name = self.fresh("b")
        needed = [pair for pair in inner if self.likely(0.5)]
        preset = [pair for pair in inner if pair not in needed]
        parameters = [tree.Parameter(SPAN, word(parameter), None) for parameter, _ in needed]
        arguments = [tree.Argument(SPAN, None, self.amount(value)) for _, value in needed]
        for parameter, value in preset:
            given = self.likely(0.5)
            parameters.append(tree.Parameter(SPAN, word(parameter), number(value + given)))
            if given:
                arguments.append(tree.Argument(SPAN, parameter, self.amount(value)))
        self.items.append(tree.Block(SPAN, word(name), tuple(parameters), inputs, body))
        return tree.Call(SPAN, word(name), tuple(arguments)) if arguments else word(name)

    def gate(self, shape: Shape) -> tuple[list[tree.Statement], Shape]:
        """A block of two inputs and two outputs, with a weight of its own."""
        a, b, p, x, y = (self.fresh(stem) for stem in ("a", "b", "w", "x", "y"))
        outer, self.scope = self.scope, Scope({})
        outs = tuple(self.fresh("v") for _ in range(2))
        self.rows.append(Row("param", (1,) * len(shape), 1))
        slot = tree.Slot(SPAN, p, (number(1),) * (len(shape) - 1), word("ones"))
        self.operator("mul", shape)
        first = tree.Bind(SPAN, (word(x),), tree.Arithmetic(SPAN, word(a), (("*", word(p)),)))
        second = tree.Bind(SPAN, (word(y),), piped([word(b), self.path(shape)]))
        body = tree.Body(SPAN, (tree.Weight(SPAN, (slot,)), first, second, tree.Output(SPAN, (word(x), word(y)))))
        inner, self.scope = self.scope.parameters, outer
        called = self.define(inner, (word(a), word(b)), body)
        fed = tree.Tuple(SPAN, (tree.It(SPAN), tree.It(SPAN)))
        used = tree.Bind(SPAN, tuple(map(word, outs)), piped([fed, called]))
        self.operator("sub", shape)
        return [used, tree.Flow(SPAN, tree.Arithmetic(SPAN, word(outs[0]), (("-", word(outs[1])),)))], shape

    def body(self, shape: Shape, *, keep: bool = False) -> tuple[tree.Body, Shape]:
        """One to three simple statements; what they bind stays inside."""
        known = dict(self.scope.values)
        statements: list[tree.Statement] = []
        for _ in range(self.chance.randint(1, 3)):
            if keep:
                kinds: tuple[Statement, ...] = (self.residual, self.scaled, self.shared, self.split)
                if self.likely(0.5):
                    steps, _ = self.chain(shape, self.chance.randint(1, 2), keep=True)
                    statements.append(tree.Flow(SPAN, piped(steps)))
                    continue
                if not (isinstance(size := shape[feature_axis(shape)], int) and size > 1):
                    kinds = kinds[:3]
            else:
                kinds = (self.flow, self.bind, self.residual, self.branches, self.summed, self.choice)
            made, shape = self.chance.choice(kinds)(shape)
            statements += made
        self.scope.values = known
        return tree.Body(SPAN, tuple(statements)), shape


Statement = Callable[[Shape], tuple[list[tree.Statement], Shape]]


def elements(made: Made) -> int:
    """The elements that a layer puts out; what it only passes on counts nothing."""
    return 0 if made.kind == "identity" else volume(made.shape)


def piped(steps: list[tree.Expr]) -> tree.Expr:
    """`a -> b -> c`; a chain in a chain stands in parentheses."""
    items = [tree.Group(SPAN, step) if isinstance(step, tree.Chain) else step for step in steps]
    return items[0] if len(items) == 1 else tree.Chain(SPAN, tuple(items))
