"""Stacks in the order of loops: what only loops read lies, step by step, as the values of a step do."""

from __future__ import annotations

from dataclasses import replace

from ..graph.computation import Computation
from ..graph.graph import Node, Value
from ..graph.op import Op
from ..ops.steps import Before
from .places import by_features, lies_by_features
from .scan import Scan


def with_turned_stacks(found: Computation) -> Computation:
    """The computation with the stacks that only loops read in the order of the loops."""
    readers: dict[Value, list[Node]] = {}
    for node in found.nodes:
        for value in node.ins:
            readers.setdefault(value, []).append(node)
    turned: set[Value] = set()
    wanted = set(found.results())
    for node in reversed(found.nodes):
        for value in _stacks(node):
            if value not in wanted and all(_takes(reader, value, turned) for reader in readers.get(value, ())):
                turned.add(value)
    nodes = [replace(node, op=_with(node, turned)) for node in found.nodes]
    return replace(found, nodes=tuple(nodes))


def _stacks(node: Node) -> list[Value]:
    """What a node could make in the order of the loops."""
    if isinstance(node.op, Before):
        return [value for value in node.outs if value.type.rank == 2]
    if isinstance(node.op, Scan) and by_features(node.op.body):
        body = node.op.body
        stacks = zip(body.outputs, node.outs[len(body.states) :], strict=False)
        return [value for step, value in stacks if lies_by_features(body, step.type)]
    return []


def _takes(reader: Node, value: Value, turned: set[Value]) -> bool:
    """Whether a node reads this value as a stack in the order of the loops."""
    if isinstance(reader.op, Before):
        return reader.ins[0] is not value and reader.outs[0] in turned
    if not isinstance(reader.op, Scan) or not by_features(reader.op.body):
        return False
    count = len(reader.op.body.states)
    stacks = reader.ins[count : count + len(reader.op.body.inputs)]
    return value in stacks and value not in (*reader.ins[:count], *reader.ins[count + len(stacks) :])


def _with(node: Node, turned: set[Value]) -> Op:
    op = node.op
    if isinstance(op, Before):
        return replace(op, turned=node.outs[0] in turned)
    if isinstance(op, Scan):
        count = len(op.body.states)
        ins = node.ins[count : count + len(op.body.inputs)]
        outs = node.outs[count : count + len(op.body.outputs)]
        return replace(op, turned=(_places(ins, turned), _places(outs, turned)))
    return op


def _places(stacks: tuple[Value, ...], turned: set[Value]) -> tuple[int, ...]:
    return tuple([place for place, value in enumerate(stacks) if value in turned])
