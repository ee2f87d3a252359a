"""The order in which stacks lie in memory.

What only loops read lies, step by step, as the values of a step do. What products alone read after a loop is brought to
columns from that, [features, steps · N], which copies longer pieces than bringing it to rows.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...runtime.record import replace
from ..graph.computation import Computation
from ..graph.graph import Node, Value
from ..graph.op import Op
from ..ops.embed import EmbedGradient
from ..ops.linear import Linear, Outer
from ..ops.reduce import Sum
from ..ops.steps import Before, Columns, OuterBefore
from .overwrite import overwritten
from .places import by_features, lies_by_features
from .scan import Scan


def in_order(found: Computation) -> Computation:
    """The computation with stacks in the order that is best for their readers."""
    readers: dict[Value, list[Node]] = {}
    for node in found.nodes:
        for value in node.ins:
            readers.setdefault(value, []).append(node)
    wanted = set(found.results())
    number = max((value.number for node in found.nodes for value in node.outs), default=0)
    turned: set[Value] = set()
    columns: dict[Value, Value] = {}
    for node in reversed(found.nodes):
        for value in _stacks(node):
            own = readers.get(value, ())
            if value in wanted:
                continue
            if all(_takes(reader, value, turned, _gate(node)) for reader in own):
                turned.add(value)
            elif isinstance(node.op, Scan) and not node.op.gate and all(_by_columns(reader, value) for reader in own):
                turned.add(value)
                columns[value] = Value(value.type.with_shape(*reversed(value.type.shape)), number + len(columns) + 1)
    # A stack that something else reads too is not turned, so what comes before each step of it is not either.
    turned -= {node.outs[0] for node in found.nodes if isinstance(node.op, Before) and node.ins[1] not in turned}
    nodes: list[Node] = []
    forward = found.forward
    for place, node in enumerate(found.nodes):
        nodes.append(_with_columns(_with_turned(node, turned), columns))
        if isinstance(node.op, Scan):
            more = [value for value in node.outs if value in columns]
            nodes += [Node(Columns(node.op.steps), (value,), (columns[value],), node.use) for value in more]
            forward += len(more) if place < found.forward else 0
    found = _read_where_it_is(replace(found, nodes=tuple(nodes), forward=forward))
    return replace(found, nodes=tuple([_overwriting(node) for node in found.nodes]))


def _read_where_it_is(found: Computation) -> Computation:
    """The computation without copies of what comes before each step of a stack, where only loops back read them: such
    a loop reads the stack, of which each step sees the next one's."""
    wanted = set(found.results())
    before = {node.outs[0]: node for node in found.nodes if isinstance(node.op, Before) and node.outs[0] not in wanted}
    for node in found.nodes:
        for value in [value for value in node.ins if value in before]:
            if not _reads_back(node, value, before[value].op):
                del before[value]
    nodes = [_reading(node, before) for node in found.nodes if not before.keys() & set(node.outs)]
    return replace(found, nodes=tuple(nodes))


def _reads_back(node: Node, value: Value, before: Op) -> bool:
    assert isinstance(before, Before)
    if not isinstance(node.op, Scan) or node.op.reverse == before.reverse:
        return False
    first = len(node.op.body.states)
    return node.ins.count(value) == node.ins[first : first + len(node.op.body.inputs)].count(value)


def _reading(node: Node, before: Mapping[Value, Node]) -> Node:
    if not isinstance(node.op, Scan) or not before.keys() & set(node.ins):
        return node
    count = len(node.op.body.states)
    stacks = node.ins[count : count + len(node.op.body.inputs)]
    places = tuple([place for place, value in enumerate(stacks) if value in before])
    ins = [before[value].ins[1] if value in before else value for value in node.ins]
    ins += [before[stacks[place]].ins[0] for place in places]
    return replace(node, op=replace(node.op, before=places), ins=tuple(ins))


def _overwriting(node: Node) -> Node:
    op = node.op
    return (
        replace(node, op=replace(op, over=overwritten(op.body, op.turned, op.before, op.gate)))
        if isinstance(op, Scan)
        else node
    )


def _with_turned(node: Node, turned: set[Value]) -> Node:
    op = node.op
    if isinstance(op, Before):
        return replace(node, op=replace(op, turned=node.outs[0] in turned))
    if not isinstance(op, Scan):
        return node
    count = len(op.body.states)
    ins = node.ins[count : count + len(op.body.inputs)]
    outs = node.outs[count : count + len(op.body.outputs)]
    return replace(node, op=replace(op, turned=(_places(ins, turned), _places(outs, turned))))


def _with_columns(node: Node, columns: Mapping[Value, Value]) -> Node:
    for value in node.ins:
        if value in columns:
            op = _by_columns(node, value)
            assert op is not None
            return replace(node, op=op, ins=tuple([columns.get(given, given) for given in node.ins]))
    return node


def _by_columns(reader: Node, value: Value) -> Op | None:
    """What does the same as this node when this input of it is [features, rows]; None for what has no such form."""
    op = reader.op
    if reader.ins.count(value) > 1:
        return None
    if isinstance(op, Outer) and reader.ins[0] is value:
        return Linear(True)
    if isinstance(op, OuterBefore) and op.stack == 1 and reader.ins[0] is value:
        return replace(op, columns=True)
    if isinstance(op, Linear) and op.transposed and len(reader.ins) == 2 and reader.ins[0] is value:
        return Outer()
    if isinstance(op, Sum) and op == Sum((0,), False):
        return Sum((1,), False)
    return EmbedGradient(op.shape, columns=True) if isinstance(op, EmbedGradient) else None


def _stacks(node: Node) -> list[Value]:
    """What a node could make in the order of the loops."""
    if isinstance(node.op, Before):
        return [value for value in node.outs if value.type.rank == 2]
    if isinstance(node.op, Scan) and by_features(node.op.body):
        body = node.op.body
        stacks = zip(body.outputs, node.outs[len(body.states) :], strict=False)
        return [value for step, value in stacks if lies_by_features(body, step.type) and _cut(node.op, step)]
    return []


def _gate(node: Node) -> int:
    return node.op.gate if isinstance(node.op, Scan) else 0


def _cut(scan: Scan, step: Value) -> bool:
    """Whether the gates of a value lie one after the other, where those of any do: rows with one gate are that gate,
    and products read rows."""
    multiplied = any(isinstance(node.op, Linear) and node.ins[0] is step for node in scan.body.nodes)
    return not scan.gate or (step.type.shape[1] != scan.gate and not multiplied)


def _takes(reader: Node, value: Value, turned: set[Value], gate: int) -> bool:
    """Whether a node reads this value as a stack in the order of the loops, the one with gates of this size if any."""
    if isinstance(reader.op, Before):
        return reader.ins[0] is not value and reader.outs[0] in turned
    if not isinstance(reader.op, Scan) or not by_features(reader.op.body) or reader.op.gate != gate:
        return False
    count = len(reader.op.body.states)
    stacks = reader.ins[count : count + len(reader.op.body.inputs)]
    return value in stacks and value not in (*reader.ins[:count], *reader.ins[count + len(stacks) :])


def _places(stacks: tuple[Value, ...], turned: set[Value]) -> tuple[int, ...]:
    return tuple([place for place, value in enumerate(stacks) if value in turned])
