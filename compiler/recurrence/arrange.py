"""What of a loop can run outside of it.

What does not depend on the step runs once before the loop. What does not depend on the states runs before it on the
stacks of all steps, as one large product instead of many small ones. What the states do not depend on runs after it on
stacks, where that is worth it: products, and sums such as the gradients of weights.
"""

from __future__ import annotations

from collections.abc import Callable

from ...runtime.record import Record, fresh, replace
from ..graph.graph import Node, Value
from ..graph.make import Make
from ..graph.op import Values
from ..graph.tensor import TensorType
from ..ops.arithmetic import Add
from ..ops.embed import Embed
from ..ops.linear import Linear
from ..ops.shape import Transpose
from .body import Body, without_dead
from .merge import merge
from .places import by_features

Loop = Callable[[Make, Body, Values], Values]


class _Outside(Record, eq=False, frozen=False):
    """What stands outside of the loop for a value of the body: `once` what is the same at every step, `stacks` what is
    there for all steps, `totals` what is summed over them."""

    once: dict[Value, Value]
    stacks: dict[Value, Value]
    totals: dict[Value, Value] = fresh(factory=dict)


def arrange(b: Make, body: Body, ins: Values, loop: Loop, *, tables: bool = False) -> Values:
    """The results of a loop on these inputs: its last states, the stacks of its outputs, its totals.

    `loop` makes the loop itself, of the body that is left and its inputs. With `tables` a small table is multiplied in
    the place of all that is looked up in it.
    """
    body, use = merge(body), b.use
    initial = ins[: len(body.states)]
    stacks = ins[len(initial) : len(initial) + len(body.inputs)]
    outside = _Outside(
        dict(zip(body.captured, ins[len(initial) + len(stacks) :], strict=True)),
        dict(zip(body.inputs, stacks, strict=True)),
    )
    inside = _before(b, body, outside, tables=tables)
    inside, after = _split(inside, body, outside)
    left = _turn_weights(b, _left(body, inside, after, outside), outside)
    taken = (
        *initial,
        *(outside.stacks[value] for value in left.inputs),
        *(outside.once[value] for value in left.captured),
    )
    b.use = use
    results = loop(b, left, taken)
    made = dict(zip(left.outputs, results[len(initial) :], strict=False))
    outside.stacks = made | outside.stacks
    for node in after:
        _run(b, node, outside)
    # Only now: what is summed in the loop may be read as a stack as well.
    outside.totals |= zip(left.totals, results[len(initial) + len(left.outputs) :], strict=True)
    return (
        *results[: len(initial)],
        *(made[value] if value in made else outside.stacks[value] for value in body.outputs),
        *(outside.totals[value] for value in body.totals),
    )


def _before(b: Make, body: Body, outside: _Outside, *, tables: bool) -> list[Node]:
    """Run what depends on no state before the loop; the nodes that are left."""
    left = []
    for node in body.nodes:
        if node.op.random:
            left.append(node)
        elif all(value in outside.once for value in node.ins):
            b.use = node.use
            made = b.all(node.op, *(outside.once[value] for value in node.ins))
            outside.once.update(zip(node.outs, made, strict=True))
        elif node.op.over_steps() == "rows" and all(_rows(value, body, outside) for value in node.ins):
            found = _by_table(b, node, outside) if tables else None
            if found is not None:
                left.append(found)
            else:
                _run(b, node, outside)
        else:
            left.append(node)
    return left


def _by_table(b: Make, node: Node, outside: _Outside) -> Node | None:
    """Where a product reads what was looked up in a table of few rows: what looks up, at each step, in the product of
    the table.

    A table is small up to twice as many rows as it has features: to sum its gradient then takes less than the two
    products that the gradient of the other way takes.
    """
    made = b.producer(outside.stacks[node.ins[0]]) if isinstance(node.op, Linear) else None
    if made is None or not isinstance(made.op, Embed):
        return None
    labels, table = made.ins
    rows, features = table.type.shape
    if not isinstance(rows, int) or not isinstance(features, int) or rows > 2 * features:
        return None
    b.use = node.use
    products = b(node.op, table, *(outside.once[value] for value in node.ins[1:]))
    label, product = b.leaf(TensorType("i64", node.outs[0].type.shape[:1])), b.leaf(products.type)
    outside.stacks[label], outside.once[product] = labels, products
    return Node(Embed(), (label, product), node.outs, node.use)


def _rows(value: Value, body: Body, outside: _Outside) -> bool:
    """Whether an operation on stacks can read this value: it is a stack, or the same for every row."""
    return value in outside.stacks or (value in outside.once and value.type.shape[:1] != (body.samples,))


def _run(b: Make, node: Node, outside: _Outside) -> None:
    """Run a node on the stacks of its inputs."""
    b.use = node.use
    if any(value in outside.totals for value in node.ins):
        made = b.all(node.op, *(outside.totals[value] for value in node.ins))
        outside.totals.update(zip(node.outs, made, strict=True))
        return
    ins = [outside.stacks[value] if value in outside.stacks else outside.once[value] for value in node.ins]
    kept = outside.totals if node.op.over_steps() == "sum" else outside.stacks
    kept.update(zip(node.outs, b.all(node.op, *ins), strict=True))


def _split(nodes: list[Node], body: Body, outside: _Outside) -> tuple[list[Node], list[Node]]:
    """The nodes that stay in the loop, and those that run after it: sums over the steps, products that no state needs,
    and what is made of these."""
    makers = {value: node for node in nodes for value in node.outs}
    readers: dict[Value, list[Node]] = {}
    for node in nodes:
        for value in node.ins:
            readers.setdefault(value, []).append(node)
    free = {id(node) for node in nodes if _is_free(node, body, outside)}
    after: set[int] = set()
    for value in body.totals:
        if value not in body.outputs and value not in body.next:
            after.update(_sums(value, makers, readers, free) or ())
    for node in _movable(nodes, body, readers, free, after):
        made = any(id(makers[value]) in after for value in node.ins if value in makers)
        if made or node.op.macs(tuple([v.type for v in node.ins]), tuple([v.type for v in node.outs])).value != 0:
            after.add(id(node))
    return [node for node in nodes if id(node) not in after], [node for node in nodes if id(node) in after]


def _is_free(node: Node, body: Body, outside: _Outside) -> bool:
    """Whether the node could run on stacks: it reads no state, and nothing that is N rows at every step."""
    if node.op.random or node.op.over_steps() is None:
        return False
    return all(
        value not in body.states and (value not in outside.once or value.type.shape[:1] != (body.samples,))
        for value in node.ins
    )


def _sums(
    value: Value, makers: dict[Value, Node], readers: dict[Value, list[Node]], free: set[int], depth: int = 1
) -> set[int] | None:
    """The nodes that make a total when they run on stacks; None when it has to be summed in the loop."""
    node = makers.get(value)
    if node is None or len(readers.get(value, ())) >= depth:
        return None
    if node.op.over_steps() == "sum":
        return {id(node)} if id(node) in free else None
    if not isinstance(node.op, Add):
        return None
    terms = [_sums(term, makers, readers, free, 2) for term in node.ins]
    return {id(node)}.union(*(term for term in terms if term)) if all(terms) else None


def _movable(
    nodes: list[Node], body: Body, readers: dict[Value, list[Node]], free: set[int], after: set[int]
) -> list[Node]:
    """The nodes that can run on stacks after the loop, in their order: only such nodes read what they make."""
    kept = {*body.next, *body.totals}
    found: dict[int, Node] = {}
    for node in reversed(nodes):
        if id(node) in after or id(node) not in free or node.op.over_steps() != "rows":
            continue
        later = all(id(n) in found or id(n) in after for value in node.outs for n in readers.get(value, ()))
        if later and kept.isdisjoint(node.outs):
            found[id(node)] = node
    return list(reversed(found.values()))


def _left(body: Body, inside: list[Node], after: list[Node], outside: _Outside) -> Body:
    """The body of the loop that is left, with all the outputs that are read after it."""
    later = {value for node in after for value in node.outs}
    made = {value for node in inside for value in node.outs}
    read_after = [value for node in after for value in node.ins if value in made]
    outputs = [value for value in body.outputs if value not in outside.stacks and value not in later]
    totals = tuple(value for value in body.totals if value not in later)
    left = without_dead(
        Body(
            body.states,
            (),
            (),
            tuple(inside),
            body.next,
            tuple(dict.fromkeys([*outputs, *read_after])),
            totals,
        )
    )
    read = dict.fromkeys([value for node in left.nodes for value in node.ins] + list(left.results))
    own = {value for node in left.nodes for value in node.outs} | set(left.states)
    return Body(
        left.states,
        tuple(value for value in read if value not in own and value in outside.stacks),
        tuple(value for value in read if value not in own and value not in outside.stacks),
        left.nodes,
        left.next,
        left.outputs,
        left.totals,
    )


def _turn_weights(b: Make, body: Body, outside: _Outside) -> Body:
    """The body with products that read their weight as it lies in memory, which takes up to a third less time: where
    they do not, the weight is transposed once, before the loop."""
    slow = Linear(by_features(body))
    turned: dict[Value, Value] = {}
    nodes = []
    for node in body.nodes:
        weight = node.ins[1] if node.op == slow else None
        if weight is None or weight not in outside.once:
            nodes.append(node)
            continue
        if weight not in turned:
            b.use = node.use
            whole = b(Transpose((1, 0)), outside.once[weight])
            turned[weight] = b.leaf(whole.type)
            outside.once[turned[weight]] = whole
        nodes.append(replace(node, op=Linear(not slow.transposed), ins=(node.ins[0], turned[weight], *node.ins[2:])))
    read = dict.fromkeys(value for node in nodes for value in node.ins)
    kept = [value for value in body.captured if value in read or value in body.results]
    return replace(body, nodes=tuple(nodes), captured=(*kept, *turned.values()))
