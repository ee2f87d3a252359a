"""Whether two networks are one: the same layers, names, weights and operations."""

from __future__ import annotations

from collections.abc import Iterator

from ...runtime.record import replace
from ..graph.graph import Graph, Node, Parameter, Port, Value
from ..graph.op import Op
from ..recurrence.scan import Scan


def difference(one: Graph, other: Graph) -> str | None:
    """The name of the first layer use, weight or port in which two graphs differ; None when they are equal.

    Equal graphs have the same operations on the same values, and the same names of layers, weights and ports.
    """
    pairs: dict[Value, Value] = {}

    def paired(ones: tuple[Value, ...], others: tuple[Value, ...]) -> bool:
        """Whether values correspond; those that are new correspond from now on when their types are equal."""
        if len(ones) != len(others):
            return False
        return all(x.type == y.type and pairs.setdefault(x, y) is y for x, y in zip(ones, others, strict=True))

    def ports(ones: tuple[Port, ...], others: tuple[Port, ...]) -> str | None:
        if [port.name for port in ones] != [port.name for port in others]:
            return ", ".join(port.name for port in ones)
        for x, y in zip(ones, others, strict=True):
            if not paired((x.value,), (y.value,)):
                return x.name
        return None

    def nodes(ones: tuple[Node, ...], others: tuple[Node, ...]) -> str | None:
        if len(ones) != len(others):
            return one.uses[-1].name
        for m, n in zip(ones, others, strict=True):
            if m.use != n.use or not paired(m.ins, n.ins) or not same(m.op, n.op) or not paired(m.outs, n.outs):
                return one.uses[m.use].name
        return None

    def same(op: Op, twin: Op) -> bool:
        """Whether operations are equal; loops are when their steps are."""
        if not (isinstance(op, Scan) and isinstance(twin, Scan)):
            return op == twin
        x, y = op.body, twin.body
        return (
            replace(op, body=y) == twin
            and paired(x.leaves, y.leaves)
            and nodes(x.nodes, y.nodes) is None
            and paired(x.results, y.results)
        )

    found = ports(one.inputs, other.inputs) or ports(one.targets, other.targets)
    if found:
        return found
    if len(one.uses) != len(other.uses):
        return one.uses[-1].name
    cells = set(_cells(one.nodes))
    for index, (a, b) in enumerate(zip(one.uses, other.uses, strict=True)):
        # A cell at other arguments is a definition of its own, under another name.
        if (a.name, a.shared_with) != (b.name, b.shared_with) or (a.kind != b.kind and index not in cells):
            return a.name
    if len(one.parameters) != len(other.parameters):
        return "the weights"
    for p, q in zip(one.parameters, other.parameters, strict=True):
        if _what(p) != _what(q) or not paired((p.value,), (q.value,)):
            return p.name
    found = nodes(one.nodes, other.nodes)
    return found or ports(one.outputs, other.outputs)


def _cells(nodes: tuple[Node, ...]) -> Iterator[int]:
    """The indexes of the layer uses that are cells."""
    for node in nodes:
        if isinstance(node.op, Scan):
            yield node.use
            yield from _cells(node.op.body.nodes)


def _what(parameter: Parameter) -> tuple[object, ...]:
    """A parameter but for its value."""
    p = parameter
    return p.name, p.axes, p.trainable, p.initial, p.fan, p.use
