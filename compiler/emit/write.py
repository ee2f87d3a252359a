"""The NumPy statements of a computation, before anything has a place in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ...runtime.record import Record
from ..graph.code import Code, Names
from ..graph.computation import Computation
from ..graph.graph import Node, Value
from ..graph.op import Op, Types, Values
from .chains import fuse
from .lanes import draft_node, write_node

EMPTY: Mapping[int, int] = MappingProxyType({})


class Written(Record, eq=False):
    """One node with what its primitive wrote; `alias` when the output is the input's memory and nothing runs."""

    node: Node
    code: Code
    alias: bool


class Body(Record, eq=False):
    """All nodes written, the name of every value, and the number of every parameter."""

    computation: Computation
    nodes: tuple[Written, ...]
    names: Mapping[Value, str]
    numbers: Mapping[Value, int]
    spelling: Names

    @property
    def planned(self) -> Mapping[str, int]:
        """The planned numbers of the symbolic dimensions."""
        return self.spelling.planned


def write(found: Computation, names: Names, widths: Mapping[int, int] = EMPTY) -> Body:
    """Every node's statements, of those in `widths`, by number, with larger blocks.

    Values before the gradients are called x1, x2, …, the others g1, g2, …; a parameter is p1, p2, … in the order of the
    checkpoint, a buffer b1, b2, …
    """
    known: dict[Value, str] = {}
    for parameter in found.parameters:
        known[parameter.value] = names.new("p" if parameter.trainable else "b")
    for port in found.feeds:
        known[port.value] = names.new("x")
    for state in found.carried:
        known[state.before] = names.new("x")
    written = []
    for place, node in enumerate(found.nodes):
        for value in node.outs:
            known[value] = names.new("x" if place < found.forward else "g")
        written.append(_node(node, known, names, widths.get(place, 0)))
    if names.tier == "fast":
        fuse([each.code for each in written], names)
    numbers = {parameter.value: number for number, parameter in enumerate(found.parameters)}
    return Body(found, tuple(written), known, numbers, names)


class Drafts:
    """What nodes write as far as plans need it: made once for operations alike on types alike, and without names."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._known: dict[tuple[Op, Types], Written] = {}
        self._nodes: dict[Node, Written] = {}

    def of(self, node: Node) -> Written:
        """A node with what it writes."""
        found = self._nodes.get(node)
        if found is None:
            draft = self(node.op, node.ins, node.outs)
            found = self._nodes[node] = Written(node, draft.code, draft.alias)
        return found

    def __call__(self, op: Op, ins: Values, outs: Values) -> Written:
        """A node of this operation, with what it writes."""
        key = op, tuple([value.type for value in ins])
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = _blank(op, ins, outs, self.names)
        return found


def sketch(found: Computation, drafts: Drafts) -> Body:
    """Every node as the plan needs it."""
    numbers = {parameter.value: number for number, parameter in enumerate(found.parameters)}
    return Body(found, tuple(map(drafts.of, found.nodes)), {}, numbers, drafts.names)


def wider(node: Node, names: Names, wide: int) -> Code:
    """What a node would write with larger blocks."""
    return _blank(node.op, node.ins, node.outs, names, wide).code


def _blank(op: Op, ins: Values, outs: Values, names: Names, wide: int = 0) -> Written:
    return _node(Node(op, ins, outs, 0), dict.fromkeys((*ins, *outs), "x1"), names, wide, draft_node)


def _node(
    node: Node,
    known: Mapping[Value, str],
    names: Names,
    wide: int,
    writes: Callable[[Op, Code], None] = write_node,
) -> Written:
    types = tuple([value.type for value in node.ins])
    outs = tuple([value.type for value in node.outs])
    ins, made = [known[value] for value in node.ins], [known[value] for value in node.outs]
    code = Code(tuple(ins), tuple(made), types, outs, names, wide=wide)
    alias = node.op.alias(types, outs)
    if not alias:
        writes(node.op, code)
    return Written(node, code, alias)
