"""Random syntax trees: any tree that the grammar allows, with no regard to meaning."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from hypothesis import strategies as st

from netc.compiler.source import Source, Span
from netc.compiler.syntax import tree

SPAN = Span(Source("made", ""), 0, 0)
NAMES = ("a", "conv", "x_2", "Relu", "_q", "N", "T", "in_", "iff", "nets", "h", "lower9", "value", "half")
NUMBERS = ("0", "7", "61_706", "0.5", "4e-4", "1.2M", "64MiB", "3K")
TEXTS = ("", "blocks.net", "*.bias", "# no comment", "ünïcode →", "a -> b")
T = TypeVar("T")


class Maker:
    """Makes one random tree; `depth` bounds how deep brackets and bodies nest."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def some(self, make: Callable[[], T], least: int = 0, most: int = 3) -> tuple[T, ...]:
        return tuple(make() for _ in range(self.chance.randint(least, most)))

    def maybe(self, make: Callable[[], T]) -> T | None:
        return make() if self.chance.random() < 0.5 else None

    def word(self) -> str:
        return self.chance.choice(NAMES)

    def name(self) -> tree.Name:
        return tree.Name(SPAN, self.word())

    def string(self) -> tree.String:
        return tree.String(SPAN, self.chance.choice(TEXTS))

    # Expressions, from the weakest binding to the strongest

    def expr(self, depth: int) -> tree.Expr:
        kind = self.chance.random()
        if kind < 0.15:
            return tree.Chain(SPAN, self.some(lambda: self.logic(depth), 2, 4))
        if kind < 0.25:
            return tree.Choice(SPAN, self.logic(depth), self.logic(depth), self.logic(depth))
        return self.logic(depth)

    def logic(self, depth: int) -> tree.Expr:
        kind = self.chance.random()
        if kind < 0.1:
            return tree.Logic(SPAN, "or", self.some(lambda: self.both(depth), 2))
        return self.both(depth)

    def both(self, depth: int) -> tree.Expr:
        if self.chance.random() < 0.1:
            return tree.Logic(SPAN, "and", self.some(lambda: self.negated(depth), 2))
        return self.negated(depth)

    def negated(self, depth: int) -> tree.Expr:
        return tree.Not(SPAN, self.comparison(depth)) if self.chance.random() < 0.1 else self.comparison(depth)

    def comparison(self, depth: int) -> tree.Expr:
        signs: tuple[tree.Comparison, ...] = ("==", "!=", "<", "<=", ">", ">=")
        if self.chance.random() < 0.15:
            return tree.Compare(SPAN, self.chance.choice(signs), self.range(depth), self.range(depth))
        return self.range(depth)

    def range(self, depth: int) -> tree.Expr:
        return tree.Range(SPAN, self.sum(depth), self.sum(depth)) if self.chance.random() < 0.05 else self.sum(depth)

    def sum(self, depth: int) -> tree.Expr:
        signs: tuple[Literal["+", "-"], ...] = ("+", "-")
        if self.chance.random() < 0.2:
            rest = self.some(lambda: (self.chance.choice(signs), self.product(depth)), 1)
            return tree.Arithmetic(SPAN, self.product(depth), rest)
        return self.product(depth)

    def product(self, depth: int) -> tree.Expr:
        signs: tuple[Literal["*", "/", "//", "%"], ...] = ("*", "/", "//", "%")
        if self.chance.random() < 0.2:
            rest = self.some(lambda: (self.chance.choice(signs), self.signed(depth)), 1)
            return tree.Arithmetic(SPAN, self.signed(depth), rest)
        return self.signed(depth)

    def signed(self, depth: int) -> tree.Expr:
        return tree.Negative(SPAN, self.operand(depth)) if self.chance.random() < 0.1 else self.operand(depth)

    def operand(self, depth: int) -> tree.Expr:
        made = self.atom(depth)
        while depth and self.chance.random() < 0.35 and not isinstance(made, tree.Number | tree.Extent):
            match self.chance.randrange(3):
                case 0:
                    made = tree.Field(SPAN, made, self.word())
                case 1:
                    made = tree.Index(SPAN, made, self.expr(depth - 1))
                case _:
                    made = tree.Call(SPAN, made, self.some(lambda: self.argument(depth - 1)))
        return made

    def argument(self, depth: int) -> tree.Argument:
        return tree.Argument(SPAN, self.maybe(self.word), self.expr(depth))

    def atom(self, depth: int) -> tree.Expr:
        match self.chance.randrange(10 if depth else 7):
            case 0:
                return tree.Number(SPAN, self.chance.choice(NUMBERS), 0)
            case 1:
                return tree.Extent(SPAN, (self.chance.randrange(100), self.chance.randrange(100)))
            case 2:
                return self.string()
            case 3 | 4:
                return self.name()
            case 5:
                return tree.Primed(SPAN, self.word())
            case 6:
                return self.chance.choice((tree.In(SPAN), tree.It(SPAN)))
            case 7:
                return tree.Group(SPAN, self.expr(depth - 1))
            case 8:
                return tree.Tuple(SPAN, self.some(lambda: self.expr(depth - 1), 1))
        return tree.List(SPAN, self.some(lambda: self.expr(depth - 1)))

    # Statements and items

    def body(self, depth: int) -> tree.Body:
        return tree.Body(SPAN, self.some(lambda: self.statement(depth)))

    def bound(self) -> tree.Name | tree.Primed:
        return self.chance.choice((tree.Name, tree.Primed))(SPAN, self.word())

    def type(self) -> tree.Type:
        return tree.Type(SPAN, self.word(), self.some(lambda: self.expr(1)))

    def slot(self) -> tree.Slot:
        return tree.Slot(SPAN, self.word(), self.some(lambda: self.expr(1)), self.maybe(lambda: self.expr(1)))

    def setting(self) -> tree.Setting:
        return tree.Setting(SPAN, self.name(), self.expr(2))

    def expect(self) -> tree.Expect:
        return tree.Expect(SPAN, self.some(lambda: self.expr(2)))

    def rule(self) -> tree.Rule:
        return tree.Rule(SPAN, self.string(), self.some(self.setting))

    def statement(self, depth: int) -> tree.Statement:
        match self.chance.randrange(16 if depth else 13):
            case 0:
                return tree.Input(SPAN, self.name(), self.type())
            case 1:
                return tree.Target(SPAN, self.name(), self.type())
            case 2:
                return tree.State(SPAN, self.some(self.slot, 1))
            case 3:
                return tree.Weight(SPAN, self.some(self.slot, 1))
            case 4:
                return tree.Output(SPAN, self.some(self.bound, 1))
            case 5:
                return tree.Let(SPAN, self.name(), self.expr(3))
            case 6:
                return self.expect()
            case 7:
                return tree.Train(SPAN, self.some(lambda: self.chance.choice((self.setting, self.rule))()))
            case 8:
                changes = self.some(lambda: self.chance.choice((self.setting, self.expect))())
                return tree.Variant(SPAN, self.name(), changes)
            case 13:
                return tree.Repeat(SPAN, self.expr(1), self.maybe(self.name), self.body(depth - 1))
            case 14:
                return tree.For(SPAN, self.some(self.name, 1), self.expr(1), self.body(depth - 1))
            case 15:
                branches = self.some(lambda: (self.expr(1), self.body(depth - 1)), 1)
                return tree.If(SPAN, branches, self.maybe(lambda: self.body(depth - 1)))
            case 9 | 10:
                return tree.Bind(SPAN, self.some(self.bound, 1), self.expr(3))
        return tree.Flow(SPAN, self.expr(3))

    def parameter(self) -> tree.Parameter:
        return tree.Parameter(SPAN, self.name(), self.maybe(lambda: self.expr(2)))

    def item(self) -> tree.Item:
        match self.chance.randrange(4):
            case 0:
                return tree.Use(SPAN, self.string())
            case 1:
                return tree.Net(SPAN, self.name(), self.some(self.parameter), self.body(2))
        kind: Any = self.chance.choice((tree.Block, tree.Cell))
        made: tree.Block | tree.Cell = kind(
            SPAN, self.name(), self.some(self.parameter), self.some(self.name), self.body(2)
        )
        return made


def random_file(seed: int) -> tree.File:
    maker = Maker(random.Random(seed))
    return tree.File(SPAN, maker.some(maker.item))


# Tests draw a seed and make the tree from it: a failing seed prints better than a failing tree.
seeds = st.integers(0, 2**32)
