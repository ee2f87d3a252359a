"""Whether two networks are one: the same layers, names, weights and operations."""

from __future__ import annotations

from ..graph.graph import Graph, Parameter, Port, Value


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

    found = ports(one.inputs, other.inputs) or ports(one.targets, other.targets)
    if found:
        return found
    if len(one.uses) != len(other.uses):
        return one.uses[-1].name
    for a, b in zip(one.uses, other.uses, strict=True):
        if (a.name, a.kind, a.shared_with) != (b.name, b.kind, b.shared_with):
            return a.name
    if len(one.parameters) != len(other.parameters):
        return "the weights"
    for p, q in zip(one.parameters, other.parameters, strict=True):
        if _what(p) != _what(q) or not paired((p.value,), (q.value,)):
            return p.name
    if len(one.nodes) != len(other.nodes):
        return one.uses[-1].name
    for m, n in zip(one.nodes, other.nodes, strict=True):
        if m.op != n.op or m.use != n.use or not paired(m.ins, n.ins) or not paired(m.outs, n.outs):
            return one.uses[m.use].name
    return ports(one.outputs, other.outputs)


def _what(parameter: Parameter) -> tuple[object, ...]:
    """A parameter but for its value."""
    p = parameter
    return p.name, p.axes, p.trainable, p.initial, p.fan, p.use
