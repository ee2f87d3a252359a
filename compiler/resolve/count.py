"""Counting before building: a lower bound on a network's layer uses, from the text alone.

Sixty-four blocks of two lines can mean 2^63 layers. Blocks use each other without circles, so a count for each block,
worked out once, multiplies what the text repeats without running it.
"""

from __future__ import annotations

from ..diagnostics.collect import Collector
from ..diagnostics.diagnostic import Diagnostic
from ..graph.layer import find_layer
from ..limits import Limits
from ..source import Span
from ..syntax import tree
from .outline import Outline
from .program import Item, Namespace


def count_layers(net: Outline, space: Namespace, limits: Limits, collector: Collector) -> bool:
    """Report a net that must have more layer uses than the limit; False when it has."""
    counter = _Counter()
    bound = _bound(net)
    least = counter.body(net.body, bound, space)
    if least <= limits.layers:
        return True
    collector.add(
        Diagnostic(
            "limit",
            f"the net `{net.name.id}` has at least {_show(least)} layer uses, the limit is {limits.layers:,}",
            _place(max(net.body.statements, key=lambda s: counter.statement(s, bound, space))),
            help="repeat less; the limit `layers` can be raised with `--limit layers=…`",
        )
    )
    return False


def _place(statement: tree.Statement) -> Span:
    match statement:
        case tree.Repeat(_, place) | tree.For(_, _, place) | tree.Bind(_, _, place):
            return place.span
    return statement.span


def _show(number: int) -> str:
    return f"{number:,}" if number < 10**18 else f"2^{number.bit_length() - 1}"


# What is nested deeper is refused when the net is resolved; the count leaves it out.
DEPTH = 200


class _Counter:
    """Counts; `_blocks` remembers each block's count."""

    def __init__(self) -> None:
        self._blocks: dict[int, int] = {}
        self._depth = 0

    def body(self, body: tree.Body, bound: set[str], space: Namespace) -> int:
        if self._depth == DEPTH:
            return 0
        self._depth += 1
        least = sum([self.statement(statement, bound, space) for statement in body.statements])
        self._depth -= 1
        return least

    def statement(self, statement: tree.Statement, bound: set[str], space: Namespace) -> int:
        match statement:
            case tree.Bind(_, _, value) | tree.Flow(_, value):
                return self._expr(value, bound, space)
            case tree.Repeat(_, count, _, inner):
                times = count.value if isinstance(count, tree.Number) and isinstance(count.value, int) else 0
                return times * self.body(inner, bound, space) if times else 0
            case tree.For(_, _, items, inner):
                return _length(items) * self.body(inner, bound, space) if _length(items) else 0
        return 0

    def _block(self, item: Item, space: Namespace) -> int:
        if isinstance(item, tree.Cell):
            return 1
        key = id(item)
        if key not in self._blocks:
            self._blocks[key] = self.body(item.body, _bound(item), space)
        return self._blocks[key]

    def _expr(self, expr: tree.Expr, bound: set[str], space: Namespace) -> int:
        if self._depth == DEPTH:
            return 0
        self._depth += 1
        least = self._inside(expr, bound, space)
        self._depth -= 1
        return least

    def _inside(self, expr: tree.Expr, bound: set[str], space: Namespace) -> int:
        match expr:
            case tree.Name(id=name) | tree.Call(base=tree.Name(id=name)) if name not in bound:
                found = space.find(name)
                if found is not None:
                    return self._block(*found)
                return 1 if find_layer(name) is not None else 0
            case tree.Chain(_, items) | tree.Tuple(_, items):
                return sum([self._expr(item, bound, space) for item in items])
            case tree.Group(_, value):
                return self._expr(value, bound, space)
            case tree.Arithmetic(_, first, rest):
                return sum([self._expr(item, bound, space) for item in (first, *(item for _, item in rest))])
            case tree.Choice(_, value, _, other):
                return min([self._expr(item, bound, space) for item in (value, other)])
        return 0


def _length(items: tree.Expr) -> int:
    match items:
        case tree.List(_, found):
            return len(found)
        case tree.Range(_, tree.Number(value=int(start)), tree.Number(value=int(end))):
            return max(0, end - start)
    return 0


def _bound(item: Item | Outline) -> set[str]:
    """Every name that a body binds anywhere, so that it hides a layer there."""
    bound = {parameter.name.id for parameter in item.parameters}
    if not isinstance(item, Outline):
        bound |= {name.id for name in item.inputs}
    todo = list(item.body.statements)
    while todo:
        match todo.pop():
            case tree.Bind(_, names, _) | tree.For(_, names, _, _) as statement:
                bound |= {name.id for name in names}
                if isinstance(statement, tree.For):
                    todo += statement.body.statements
            case tree.Let(_, name, _) | tree.Input(_, name, _) | tree.Target(_, name, _):
                bound.add(name.id)
            case tree.Repeat(_, _, variable, body):
                bound |= {variable.id} if variable else set()
                todo += body.statements
            case tree.If(_, branches, otherwise):
                for _, body in branches:
                    todo += body.statements
                todo += otherwise.statements if otherwise else ()
    return bound
