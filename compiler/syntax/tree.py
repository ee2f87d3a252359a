"""The syntax tree of a `.net` file: immutable nodes, each with its place in the source.

Places take no part in comparison, so `parse(print(tree)) == tree`. Chains, sums, products, conditions and
`else if` are lists, never nested pairs: the depth of a tree is bounded by the brackets in the text.
"""

from __future__ import annotations

from typing import Literal

from .node import Node

# Expressions


class Number(Node, apart=("span", "value")):
    """A number as written, `61_706`, `0.5`, `1.2M`; `value` is an int unless it is written as a fraction."""

    text: str
    value: int | float


class Extent(Node):
    """`3x5`: a size per dimension."""

    sizes: tuple[int, int]


class String(Node):
    """`value` is the text between the quotes."""

    value: str


class Name(Node):
    id: str


class Primed(Node):
    """`h'`, the next value of the state `h`; `id` is `h`."""

    id: str


class In(Node):
    """The word `in`: the input of a block or net."""


class It(Node):
    """The word `it`: the running value."""


class Group(Node):
    """A parenthesised expression; kept, because parentheses carry meaning around conditionals."""

    value: Expr


class Tuple(Node):
    items: tuple[Expr, ...]


class List(Node):
    items: tuple[Expr, ...]


class Chain(Node):
    """`a -> b -> c`, two items or more."""

    items: tuple[Expr, ...]


class Choice(Node):
    """`value if condition else other`."""

    value: Expr
    condition: Expr
    other: Expr


class Arithmetic(Node):
    """`first op expr op expr …`, left to right, the operators of one binding strength: `+ -` or `* / // %`."""

    first: Expr
    rest: tuple[tuple[Operator, Expr], ...]


class Logic(Node):
    """`a and b and c`, or the same with `or`."""

    operator: Literal["and", "or"]
    items: tuple[Expr, ...]


class Not(Node):
    value: Expr


class Compare(Node):
    operator: Comparison
    left: Expr
    right: Expr


class Range(Node):
    """`start..end`, the end excluded."""

    start: Expr
    end: Expr


class Negative(Node):
    value: Expr


class Field(Node):
    base: Expr
    name: str


class Index(Node):
    base: Expr
    index: Expr


class Argument(Node):
    """`name = value` or, with no name, a positional argument. `span` covers both parts."""

    name: str | None
    value: Expr


class Call(Node):
    base: Expr
    arguments: tuple[Argument, ...]


Operator = Literal["+", "-", "*", "/", "//", "%"]
Comparison = Literal["==", "!=", "<", "<=", ">", ">="]
Expr = (
    Number
    | Extent
    | String
    | Name
    | Primed
    | In
    | It
    | Group
    | Tuple
    | List
    | Chain
    | Choice
    | Arithmetic
    | Logic
    | Not
    | Compare
    | Range
    | Negative
    | Field
    | Index
    | Call
)


# Statements


class Body(Node):
    """The statements between braces; `span` includes the braces."""

    statements: tuple[Statement, ...]


class Type(Node):
    """`f32[N, 3, 32, 32]`."""

    dtype: str
    dims: tuple[Expr, ...]


class Slot(Node):
    """`h[units]` or `h[units] = value`, in `state` and `param`."""

    name: str
    dims: tuple[Expr, ...]
    value: Expr | None


class Input(Node):
    name: Name
    type: Type


class Target(Node):
    name: Name
    type: Type


class State(Node):
    slots: tuple[Slot, ...]


class Weight(Node):
    """The statement `param p[units]`."""

    slots: tuple[Slot, ...]


class Output(Node):
    names: tuple[Name | Primed, ...]


class Let(Node):
    name: Name
    value: Expr


class Repeat(Node):
    count: Expr
    variable: Name | None
    body: Body


class For(Node):
    names: tuple[Name, ...]
    items: Expr
    body: Body


class If(Node):
    """`if c { } else if d { } else { }`: a condition and a body for each branch, then the last `else`."""

    branches: tuple[tuple[Expr, Body], ...]
    otherwise: Body | None


class Setting(Node):
    """`name = value` in a `train` or `variant` block."""

    name: Name
    value: Expr


class Rule(Node):
    """`rule "*.bias" { … }` in a `train` block."""

    pattern: String
    settings: tuple[Setting, ...]


class Train(Node):
    settings: tuple[Setting | Rule, ...]


class Expect(Node):
    checks: tuple[Expr, ...]


class Variant(Node):
    name: Name
    settings: tuple[Setting | Expect, ...]


class Bind(Node):
    """`a = …`, or `a, b = …`."""

    names: tuple[Name | Primed, ...]
    value: Expr


class Flow(Node):
    """A pipeline with no name in front."""

    value: Expr


class Broken(Node):
    """A statement that did not parse and was reported: what it does is not known."""


Statement = (
    Input | Target | State | Weight | Output | Let | Repeat | For | If | Train | Expect | Variant | Bind | Flow | Broken
)


# Items of a file


class Parameter(Node):
    """A parameter of a block, cell or net; without a default it is required."""

    name: Name
    default: Expr | None


class Use(Node):
    path: String


class Block(Node):
    """`inputs` are the names after `from`; empty for the plain `in`."""

    name: Name
    parameters: tuple[Parameter, ...]
    inputs: tuple[Name, ...]
    body: Body


class Cell(Node):
    name: Name
    parameters: tuple[Parameter, ...]
    inputs: tuple[Name, ...]
    body: Body


class Net(Node):
    name: Name
    parameters: tuple[Parameter, ...]
    body: Body


Item = Use | Block | Cell | Net


class File(Node):
    """A whole file. `suspects` are names that stand in text that did not parse: they may have been defined there,
    so nothing is said when they are found undefined."""

    items: tuple[Item, ...]
    suspects: frozenset[str] = frozenset()
    apart = ("span", "suspects")
