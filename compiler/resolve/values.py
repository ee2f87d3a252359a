"""What an expression of the language can be worth while a network is resolved.

Numbers are int, float or, for sizes, Poly; words are Word; strings str; truth bool; extents, lists and tuples are
Python tuples. Tensors, layers and unknown values are the classes below.
"""

from __future__ import annotations

from ...runtime.record import Record, fresh
from ..graph.arguments import Word
from ..graph.builder import OpenUse
from ..graph.dims import Poly
from ..graph.graph import Value
from ..graph.initial import Initial
from ..graph.layer import Layer
from ..source import Span
from ..syntax import tree
from .naming import Mark
from .program import Namespace


class Unknown(Record):
    """A value that an error, already reported, kept from being known; whatever is made of it stays silent."""


UNKNOWN = Unknown()


class Tensor(Record, eq=False):
    """A tensor of the graph, and the place in the text that made it."""

    value: Value
    span: Span


class Definition(Record):
    """A block or cell, with the file whose names its body sees."""

    item: tree.Block | tree.Cell
    file: Namespace

    @property
    def name(self) -> str:
        return self.item.name.id


class Given(Record, apart=("span",)):
    """An argument as given at a use: its value and its place; `name` is None when it is positional."""

    name: str | None
    value: object
    span: Span


class Recipe(Record):
    """A layer or block with arguments, not applied yet: each application makes new weights."""

    name: str
    target: type[Layer] | Definition
    arguments: tuple[Given, ...] = ()


class Instance(Record, eq=False, frozen=False):
    """One instance of a layer or block, named by `let`: all of its applications share their weights.

    `uses` are the layer uses of the first application, in order; later ones take their weights from them.
    `mark` is the scope where `let` stands, which names its uses; `layer` the layer itself, once it has been applied.
    """

    name: str
    recipe: Recipe
    mark: Mark
    uses: list[OpenUse] = fresh(factory=list)
    applied: bool = False
    layer: Layer | None = None


class Nested(tuple[object, ...]):
    """A list with lists in it. Sixty lines of `let b = [a, a]` would make 2^60 items: `size` counts them unseen."""

    size: int


def listed(items: tuple[object, ...]) -> tuple[object, ...]:
    """The items as a list of the language."""
    if not any(isinstance(item, tuple) for item in items):
        return items
    nested = Nested(items)
    nested.size = sum([size_of(item) for item in items])
    return nested


def size_of(value: object) -> int:
    """How many items a value has, with those of the lists in it."""
    return value.size if isinstance(value, Nested) else len(value) if isinstance(value, tuple) else 1


SHOWN = 8


def describe(value: object, depth: int = 2) -> str:
    """A value in a few words, as the language writes it, for messages; of a long list the first items."""
    match value:
        case bool():
            return "`yes`" if value else "`no`"
        case Word():
            return f"the word `{value}`"
        case str():
            return f'the text "{value}"'
        case int() | float() | Poly():
            return str(value)
        case Tensor():
            return f"the tensor {value.value.type}"
        case Recipe() | Instance():
            return f"the layer `{value.name}`"
        case Initial():
            return f"the initialiser `{value.kind}`"
        case tuple() if any(isinstance(item, Tensor) for item in value):
            return f"{len(value)} tensors"
        case tuple() if depth == 0:
            return "[…]"
        case tuple():
            shown = [describe(item, depth - 1) for item in value[:SHOWN]]
            return f"[{', '.join([*shown, '…'] if len(value) > SHOWN else shown)}]"
    return "something unknown"


def write(value: object) -> str:
    """A value as the language writes it: `no`, `[3, 4, 6, 3]`, `leaky_relu(0.1)`."""
    match value:
        case bool():
            return "yes" if value else "no"
        case Word():
            return str(value)
        case str():
            return f'"{value}"'
        case tuple():
            return f"[{', '.join(write(item) for item in value)}]"
        case Recipe():
            given = ", ".join((f"{a.name} = " if a.name else "") + write(a.value) for a in value.arguments)
            return f"{value.name}({given})" if given else value.name
        case Initial():
            return f"{value.kind}({', '.join(str(a) for a in value.arguments)})"
    return str(value)
