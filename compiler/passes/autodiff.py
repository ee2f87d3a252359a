"""Reverse-mode differentiation: gradients as more nodes of the same graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..graph.graph import Value
from ..graph.make import Make
from ..ops.arithmetic import Add


def differentiate(b: Make, seeds: Mapping[Value, Value], wanted: Sequence[Value]) -> dict[Value, Value]:
    """The gradient of Σ seed · value by each wanted value that it depends on, by the chain rule backwards.

    Only what lies between the wanted values and those with a seed is differentiated. Nodes belong to the use of
    the node that they are the gradient of. Source: Griewank and Walther, "Evaluating Derivatives", 2008, section 3.2.
    """
    forward = list(b.nodes)
    active = set(wanted)
    for node in forward:
        if not active.isdisjoint(node.ins):
            active.update(value for value in node.outs if value.type.dtype in ("f32", "f64"))
    found = {value: seed for value, seed in seeds.items() if value in active}
    for node in reversed(forward):
        gys = tuple([found.get(value) for value in node.outs])
        if all(gy is None for gy in gys) or active.isdisjoint(node.ins):
            continue
        b.use = node.use
        for value, gradient in zip(node.ins, node.op.gradient(b, node.ins, node.outs, gys), strict=True):
            if gradient is None or value not in active:
                continue
            assert gradient.type == value.type, f"{node.op}: a gradient {gradient.type} of {value.type}"
            found[value] = b(Add(), found[value], gradient) if value in found else gradient
    return {value: found[value] for value in wanted if value in found}
