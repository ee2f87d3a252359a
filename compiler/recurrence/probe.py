"""Probes of the gradient at every step: something to add to a state, whose gradient is that of the state."""

from __future__ import annotations

from ...runtime.record import replace
from ..graph.graph import Node, Value
from ..graph.make import Make
from ..graph.op import Values
from ..ops.arithmetic import Add, Mul
from ..ops.fill import FillLike
from ..ops.reduce import Sum
from ..ops.reshape import Reshape
from ..ops.unary import Sqrt
from .body import stacked
from .scan import Scan


def probed(b: Make, loop: Scan, ins: Values) -> tuple[Scan, Values, dict[str, Value]]:
    """The loop with a stack of zeros added to the states that have names, and these stacks by the names."""
    body = loop.body
    leaves = Make()
    named = dict(zip(loop.states, zip(body.next, body.states, strict=True), strict=False))
    probes = {after: leaves.leaf(state.type) for after, state in named.values()}
    of: dict[Value, Value] = {}
    nodes: list[Node] = []

    def add(after: Value) -> None:
        of[after] = leaves.leaf(after.type)
        nodes.append(Node(Add(), (after, probes[after]), (of[after],), 0))

    for leaf in body.leaves:
        if leaf in probes:
            add(leaf)
    for node in body.nodes:
        nodes.append(replace(node, ins=tuple([of.get(value, value) for value in node.ins])))
        for value in node.outs:
            if value in probes:
                add(value)
    made = replace(
        body,
        inputs=(*body.inputs, *probes.values()),
        nodes=tuple(nodes),
        next=tuple([of.get(value, value) for value in body.next]),
        outputs=tuple([of.get(value, value) for value in body.outputs]),
    )
    count = len(body.states) + len(body.inputs)
    stacks = [
        b(FillLike(stacked(probe.type, loop.steps).shape, 0.0), ins[body.states.index(state)])
        for probe, (_, state) in zip(probes.values(), named.values(), strict=False)
    ]
    taken = (*ins[:count], *stacks, *ins[count:])
    found = {name: stacks[list(probes).index(after)] for name, (after, _) in named.items()}
    return replace(loop, body=made), taken, found


def norms(b: Make, gradient: Value, loop: Scan) -> Value:
    """The norm of a gradient [T · N, …] at each step: [T]."""
    size = loop.body.samples
    for dim in gradient.type.shape[1:]:
        size = dim * size
    flat = b(Reshape((loop.steps, size)), gradient)
    return b(Sqrt(), b(Sum((1,), False), b(Mul(), flat, flat)))
