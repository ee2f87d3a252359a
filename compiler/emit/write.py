"""The NumPy statements of a computation, before anything has a place in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..graph.code import Code, Names
from ..graph.computation import Computation
from ..graph.graph import Node, Value
from ..graph.op import Op, Types, Values
from ..graph.tensor import TensorType
from .chains import fuse
from .lanes import write_node

EMPTY: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Written:
    """One node with what its primitive wrote; `alias` when the output is the input's memory and nothing runs."""

    node: Node
    code: Code
    alias: bool


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Body:
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


def sketch(found: Computation, names: Names) -> Body:
    """Every node as the plan needs it: what operations alike on types alike write is made once and has no names."""
    known: dict[tuple[Op, Types], Written] = {}
    written = []
    for node in found.nodes:
        key = (node.op, tuple([value.type for value in node.ins]))
        first = known.get(key)
        if first is None:
            blank = dict.fromkeys((*node.ins, *node.outs), "x1")
            first = known[key] = _node(node, blank, names)
        written.append(Written(node, first.code, first.alias))
    numbers = {parameter.value: number for number, parameter in enumerate(found.parameters)}
    return Body(found, tuple(written), {}, numbers, names)


def scratch_types(op: Op, ins: Values, outs: Values, names: Names, wide: int = 0) -> list[TensorType]:
    """The types of the scratch arrays that an operation asks for."""
    blank = dict.fromkeys((*ins, *outs), "x1")
    return [type for _, type in _node(Node(op, ins, outs, 0), blank, names, wide).code.scratches]


def _node(node: Node, known: Mapping[Value, str], names: Names, wide: int = 0) -> Written:
    types = tuple([value.type for value in node.ins])
    outs = tuple([value.type for value in node.outs])
    ins, made = [known[value] for value in node.ins], [known[value] for value in node.outs]
    code = Code(tuple(ins), tuple(made), types, outs, names, wide=wide)
    alias = node.op.alias(types, outs)
    if not alias:
        write_node(node.op, code)
    return Written(node, code, alias)
