"""Matrices of weights stored with their units last, as matrix products take them fastest."""

from __future__ import annotations

from ...runtime.record import replace
from ..graph.graph import Graph, Node, Parameter, Value
from ..ops.linear import Linear


def units_last(graph: Graph) -> Graph:
    """The network with each weight [units, features] that is only multiplied by as [features, units].

    Measured with OpenBLAS on two threads, a step of an `fc` (product, both gradients) then takes 0.95 of the time for
    784 × 512 weights and 128 samples, 0.86 without the input's gradient, and 0.8 to 1.02 for other sizes.
    """
    multiplied = _multiplied(graph)
    turned = {p.value: _turned(p) for p in graph.parameters if p.value in multiplied}
    if not turned:
        return graph
    return replace(
        graph,
        parameters=tuple([turned.get(parameter.value, parameter) for parameter in graph.parameters]),
        nodes=tuple([_on_turned(node, turned) for node in graph.nodes]),
    )


def _multiplied(graph: Graph) -> set[Value]:
    """The values that products read as their weight, and nothing else reads."""
    weights = {node.ins[1] for node in graph.nodes if isinstance(node.op, Linear)}
    weights.difference_update(port.value for port in graph.outputs)
    for node in graph.nodes:
        weights.difference_update((node.ins[0], *node.ins[2:]) if isinstance(node.op, Linear) else node.ins)
    return weights


def _turned(parameter: Parameter) -> Parameter:
    value = parameter.value
    type = value.type.with_shape(*reversed(value.type.shape))
    return replace(parameter, value=Value(type, value.number), turned=True)


def _on_turned(node: Node, turned: dict[Value, Parameter]) -> Node:
    if not isinstance(node.op, Linear) or node.ins[1] not in turned:
        return node
    x, weight, *bias = node.ins
    return replace(node, op=Linear(not node.op.transposed), ins=(x, turned[weight].value, *bias))
