"""Values as nodes of the syntax tree: what a parameter, loop variable or `let` stands for, written out."""

from __future__ import annotations

from collections.abc import Mapping

from ..graph.arguments import Word, signature
from ..graph.dims import Poly
from ..graph.initial import Initial
from ..graph.layer import Layer
from ..resolve.values import Given, Instance, Recipe, Tensor
from ..source import Source, Span
from ..syntax import tree

# Nodes that were never in a text.
NOWHERE = Span(Source("", ""), 0, 0)


class NoLiteral(Exception):
    """A value that no text stands for; the message says which, `help` what to do."""

    def __init__(self, message: str, help: str = "leave the network as it is") -> None:
        super().__init__(message)
        self.help = help


def name(text: str) -> tree.Name:
    return tree.Name(NOWHERE, text)


def called(text: str) -> tree.Expr:
    """The name of a value: `in`, that of a state's next value, or any other."""
    return tree.In(NOWHERE) if text == "in" else bound(text)


def bound(text: str) -> tree.Name | tree.Primed:
    """The name to which a value is bound."""
    return tree.Primed(NOWHERE, text[:-1]) if text.endswith("'") else name(text)


def call(function: str, arguments: list[tree.Argument]) -> tree.Expr:
    """`function(arguments)`, without brackets when there are none."""
    return tree.Call(NOWHERE, name(function), tuple(arguments)) if arguments else name(function)


def literal(value: object, names: Mapping[object, str]) -> tree.Expr:
    """A value as text of the language; `names` are those of `let` instances, of tensors, and of sizes that a block is
    given.

    Raises NoLiteral.
    """
    match value:
        case bool():
            return name("yes" if value else "no")
        case Word():
            return name(value)
        case str():
            return tree.String(NOWHERE, value)
        case int() | float():
            return _number(value)
        case tuple():
            return tree.List(NOWHERE, tuple([literal(item, names) for item in value]))
        case Instance() | Poly() if value in names:
            return name(names[value])
        case Poly():
            return _size(value)
        case Tensor(value=inner) if inner in names:
            return called(names[inner])
        case Initial():
            return call(value.kind, [tree.Argument(NOWHERE, None, _number(item)) for item in value.arguments])
        case Recipe():
            return applied(value, names)
    raise NoLiteral(f"a {type(value).__name__.lower()} has no text")


def applied(recipe: Recipe, names: Mapping[object, str]) -> tree.Expr:
    """A layer with its arguments."""
    return call(recipe.name, [_argument(recipe, place, given, names) for place, given in enumerate(recipe.arguments)])


def _argument(recipe: Recipe, place: int, given: Given, names: Mapping[object, str]) -> tree.Argument:
    value = given.value
    if isinstance(value, tuple) and len(value) == 2 and _is_extent(recipe, place, given):
        return tree.Argument(NOWHERE, given.name, tree.Extent(NOWHERE, (value[0], value[1])))
    return tree.Argument(NOWHERE, given.name, literal(value, names))


def _is_extent(recipe: Recipe, place: int, given: Given) -> bool:
    if not isinstance(recipe.target, type) or not issubclass(recipe.target, Layer):
        return False
    signatures = signature(recipe.target)
    wanted = {item.name: item for item in signatures}[given.name] if given.name else signatures[place]
    return wanted.annotation == "Extent"


def _number(value: int | float) -> tree.Expr:
    if value != value or abs(value) == float("inf"):
        raise NoLiteral(f"the number {value} has no text")
    positive = tree.Number(NOWHERE, repr(abs(value)), abs(value))
    return tree.Negative(NOWHERE, positive) if value < 0 else positive


def _size(value: Poly) -> tree.Expr:
    """`2 * T + 1`, in parentheses unless it is one symbol."""
    terms = []
    for symbols, coefficient in value.terms:
        factors: list[tree.Expr] = [name(symbol) for symbol in symbols]
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, _number(abs(coefficient)))
        rest = tuple([("*", factor) for factor in factors[1:]])
        terms.append((coefficient < 0, tree.Arithmetic(NOWHERE, factors[0], rest) if rest else factors[0]))  # type: ignore[arg-type]
    (negative, first), *more = terms
    if not more and not negative and isinstance(first, tree.Name):
        return first
    first = tree.Negative(NOWHERE, tree.Group(NOWHERE, first)) if negative else first
    if more:
        first = tree.Arithmetic(NOWHERE, first, tuple([("-" if minus else "+", term) for minus, term in more]))
    return tree.Group(NOWHERE, first)
