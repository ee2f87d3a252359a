"""From a reduced rule to a node of the syntax tree: one function for each alias of the grammar."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.limits import Limits
from ..compiler.source import Span
from ..compiler.syntax import tree
from ..compiler.units import UNITS, unit_of
from .lexer import Token

Kids = list[Any]
LARGEST = 2**63 - 1
# Python turns at most 4,300 digits into an int, however far the limit is raised.
DIGITS = 1000


class Build:
    """Makes nodes and reports what the grammar cannot tell."""

    def __init__(self, limits: Limits, report: Callable[[Diagnostic], None]) -> None:
        self.limits = limits
        self.report = report

    # Expressions

    def number(self, span: Span, kids: Kids) -> tree.Expr:
        text: str = kids[0].text
        return tree.Number(span, text, self._value(text, span))

    def _value(self, text: str, span: Span) -> int | float:
        unit = unit_of(text)
        digits = text.removesuffix(unit)
        if not all(piece[:1].isdigit() for piece in digits.split("_")):
            self.report(Diagnostic("number", f"`{text}` has a stray `_`", span, help="`_` stands between two digits"))
        digits = digits.replace("_", "")
        if not unit and not digits.isdigit():
            value = float(digits)
            return value if value < float("inf") else self._too_large(text, span)
        if "e" in digits.lower():
            self.report(Diagnostic("number", f"`{text}` has both an exponent and a unit", span, help="use one of them"))
            return 1
        whole, _, part = digits.partition(".")
        if self._too_long(whole) or self._too_long(part):
            return self._too_large(text, span)
        exact, rest = divmod(int(whole + part) * UNITS.get(unit, 1), 10 ** len(part))
        if rest:
            self.report(Diagnostic("number", f"`{text}` is not a whole number", span, help="write it without the unit"))
            return 1
        return exact if exact <= LARGEST else self._too_large(text, span)

    def _too_long(self, digits: str) -> bool:
        return len(digits) > min(self.limits.integer_digits, DIGITS)

    def _too_large(self, text: str, span: Span) -> int:
        self.report(
            Diagnostic(
                "limit",
                "this number is too large",
                span,
                notes=("whole numbers go up to 2^63 - 1",),
                help="no size of a network comes near it",
            )
        )
        return 1

    def extent(self, span: Span, kids: Kids) -> tree.Expr:
        left, right = kids[0].text.split("x")
        if self._too_long(left) or self._too_long(right):
            return tree.Extent(span, (self._too_large(left, span), 1))
        return tree.Extent(span, (int(left), int(right)))

    def string(self, span: Span, kids: Kids) -> tree.String:
        return _string(span, kids[0])

    def name(self, span: Span, kids: Kids) -> tree.Name:
        return tree.Name(span, kids[0].text)

    def primed(self, span: Span, kids: Kids) -> tree.Primed:
        return tree.Primed(span, kids[0].text[:-1])

    def in_(self, span: Span, kids: Kids) -> tree.Expr:
        return tree.In(span)

    def it_(self, span: Span, kids: Kids) -> tree.Expr:
        return tree.It(span)

    def group(self, span: Span, kids: Kids) -> tree.Expr:
        return tree.Group(span, kids[1])

    def tuple(self, span: Span, kids: Kids) -> tree.Expr:
        return tree.Tuple(span, _nodes(kids))

    def list(self, span: Span, kids: Kids) -> tree.Expr:
        return tree.List(span, _nodes(kids))

    def chain(self, span: Span, kids: Kids) -> tree.Expr:
        items = _nodes(kids)
        for place, item in enumerate(items):
            if isinstance(item, tree.Choice):
                message = "a conditional beside `->` could be read in two ways"
                help = _readings(items[:place], item, items[place + 1 :])
                self.report(Diagnostic("bare-conditional", message, item.span, help=help))
        return tree.Chain(span, items)

    def choice(self, span: Span, kids: Kids) -> tree.Expr:
        value, condition, other = _nodes(kids)
        return tree.Choice(span, value, condition, other)

    def logic(self, span: Span, kids: Kids) -> tree.Expr:
        return tree.Logic(span, kids[1].text, _nodes(kids))

    def negation(self, span: Span, kids: Kids) -> tree.Expr:
        return tree.Not(span, kids[1])

    def compare(self, span: Span, kids: Kids) -> tree.Expr:
        return tree.Compare(span, kids[1].text, kids[0], kids[2])

    def range(self, span: Span, kids: Kids) -> tree.Expr:
        return tree.Range(span, kids[0], kids[2])

    def arithmetic(self, span: Span, kids: Kids) -> tree.Expr:
        rest = tuple((kids[i].text, kids[i + 1]) for i in range(1, len(kids), 2))
        return tree.Arithmetic(span, kids[0], rest)

    def negative(self, span: Span, kids: Kids) -> tree.Expr:
        return tree.Negative(span, kids[1])

    def operand(self, span: Span, kids: Kids) -> tree.Expr:
        base: tree.Expr = kids[0]
        if len(kids) - 1 > self.limits.trailers:
            self.report(
                Diagnostic(
                    "limit",
                    f"more than {self.limits.trailers} calls, indexes and fields on one value",
                    span,
                    help="name a part of it with `let`",
                )
            )
            return base
        for end, make in kids[1:]:
            base = make(Span(span.source, span.start, end), base)
        return base

    def field(self, span: Span, kids: Kids) -> Any:
        name = kids[1].text
        return span.end, lambda whole, base: tree.Field(whole, base, name)

    def index(self, span: Span, kids: Kids) -> Any:
        index = kids[1]
        return span.end, lambda whole, base: tree.Index(whole, base, index)

    def call(self, span: Span, kids: Kids) -> Any:
        arguments = _nodes(kids)
        return span.end, lambda whole, base: tree.Call(whole, base, arguments)

    def argument(self, span: Span, kids: Kids) -> tree.Argument:
        return tree.Argument(span, kids[0].text if len(kids) == 3 else None, kids[-1])

    # Statements

    def body(self, span: Span, kids: Kids) -> tree.Body:
        return tree.Body(span, _nodes(kids))

    def type(self, span: Span, kids: Kids) -> tree.Type:
        return tree.Type(span, kids[0].text, kids[1])

    def slot(self, span: Span, kids: Kids) -> tree.Slot:
        return tree.Slot(span, kids[0].text, kids[1], kids[3] if len(kids) > 3 else None)

    def input(self, span: Span, kids: Kids) -> tree.Statement:
        return tree.Input(span, *_nodes(kids))

    def target(self, span: Span, kids: Kids) -> tree.Statement:
        return tree.Target(span, *_nodes(kids))

    def state(self, span: Span, kids: Kids) -> tree.Statement:
        return tree.State(span, _nodes(kids))

    def weight(self, span: Span, kids: Kids) -> tree.Statement:
        return tree.Weight(span, _nodes(kids))

    def output(self, span: Span, kids: Kids) -> tree.Statement:
        return tree.Output(span, _nodes(kids))

    def let(self, span: Span, kids: Kids) -> tree.Statement:
        return tree.Let(span, *_nodes(kids))

    def repeat(self, span: Span, kids: Kids) -> tree.Statement:
        nodes = _nodes(kids)
        return tree.Repeat(span, nodes[0], nodes[1] if len(nodes) == 3 else None, nodes[-1])

    def for_each(self, span: Span, kids: Kids) -> tree.Statement:
        return tree.For(span, kids[1], kids[3], kids[4])

    def conditional(self, span: Span, kids: Kids) -> tree.Statement:
        nodes = _nodes(kids)
        pairs = len(nodes) // 2
        branches = tuple((nodes[2 * i], nodes[2 * i + 1]) for i in range(pairs))
        return tree.If(span, branches, nodes[-1] if len(nodes) % 2 else None)

    def train(self, span: Span, kids: Kids) -> tree.Statement:
        return tree.Train(span, _known(kids))

    def expect(self, span: Span, kids: Kids) -> tree.Expect:
        return tree.Expect(span, tuple(check for check in kids[1] if not isinstance(check, tree.Broken)))

    def variant(self, span: Span, kids: Kids) -> tree.Statement:
        name, *settings = _known(kids)
        return tree.Variant(span, name, tuple(settings))

    def setting(self, span: Span, kids: Kids) -> tree.Setting:
        return tree.Setting(span, *_nodes(kids))

    def rule(self, span: Span, kids: Kids) -> tree.Rule:
        return tree.Rule(span, _string(_of(span, kids[1]), kids[1]), _known(kids))

    def bind(self, span: Span, kids: Kids) -> tree.Statement:
        *names, value = _nodes(kids)
        return tree.Bind(span, tuple(names), value)

    def flow(self, span: Span, kids: Kids) -> tree.Statement:
        return tree.Flow(span, kids[0])

    def broken(self, span: Span, kids: Kids) -> tree.Broken:
        return tree.Broken(span)

    # Items

    def use(self, span: Span, kids: Kids) -> tree.Item:
        return tree.Use(span, _string(_of(span, kids[1]), kids[1]))

    def block(self, span: Span, kids: Kids) -> tree.Item:
        return tree.Block(span, kids[1], *_header(kids), kids[-1])

    def cell(self, span: Span, kids: Kids) -> tree.Item:
        return tree.Cell(span, kids[1], *_header(kids), kids[-1])

    def net(self, span: Span, kids: Kids) -> tree.Item:
        return tree.Net(span, kids[1], _header(kids)[0], kids[-1])

    def parameter(self, span: Span, kids: Kids) -> tree.Parameter:
        return tree.Parameter(span, kids[0], kids[2] if len(kids) > 2 else None)

    # Shapes that several rules share

    def listing(self, span: Span, kids: Kids) -> Any:
        return _nodes(kids)

    def passed(self, span: Span, kids: Kids) -> Any:
        return kids[0]


def _nodes(kids: Kids) -> Any:
    return tuple([kid for kid in kids if not isinstance(kid, Token)])


def _readings(before: Sequence[tree.Expr], choice: tree.Choice, after: Sequence[tree.Expr]) -> str:
    """What to write for a conditional in a pipeline: it alone may be what chooses, or all that stands beside it."""
    value, condition, other = (part.span.text for part in (choice.value, choice.condition, choice.other))
    left = " -> ".join([*(item.span.text for item in before), value])
    right = " -> ".join([other, *(item.span.text for item in after)])
    wide = f"{f'({left})' if before else left} if {condition} else {f'({right})' if after else right}"
    narrow = " -> ".join(
        [*(item.span.text for item in before), f"({choice.span.text})", *(item.span.text for item in after)]
    )
    if len(wide) > 80 or "\n" in wide:
        return "put it in parentheses, or a pipeline in it: `(a if condition else b)`, `a if condition else (x -> b)`"
    # Of two equal arms there is nothing to choose.
    return f"write `{wide}`" if value == other else f"write `{narrow}`, or `{wide}`"


def _known(kids: Kids) -> Any:
    return tuple([kid for kid in kids if not isinstance(kid, Token | tree.Broken)])


def _header(kids: Kids) -> tuple[Any, Any]:
    """The parameters and the names after `from`."""
    parameters: Any = ()
    inputs: Any = ()
    for before, kid in itertools.pairwise(kids):
        if type(kid) is tuple:
            if isinstance(before, Token) and before.kind == "FROM":
                inputs = kid
            else:
                parameters = kid
    return parameters, inputs


def _string(span: Span, token: Token) -> tree.String:
    return tree.String(span, token.text[1:-1])


def _of(span: Span, token: Token) -> Span:
    return Span(span.source, token.start, token.end)
