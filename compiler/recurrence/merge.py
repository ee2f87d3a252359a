"""Fewer and larger operations in one step: products of one input become one, and so does what is done with their parts.

The four gates of an LSTM read the same two vectors. As one product each, with the weights one below the other, their
sums are one sum, and the three sigmoids one sigmoid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from ...runtime.record import replace
from ..graph.graph import Node, Value
from ..graph.op import Op, Values
from ..ops.arithmetic import Add
from ..ops.conv import Conv
from ..ops.cut import Cut
from ..ops.fill import FillLike
from ..ops.linear import Linear
from ..ops.shape import Concat
from .body import Body, depending, without_dead
from .rewriting import Rewriting


def merge(body: Body) -> Body:
    """The same step with its products merged, and what is done with all parts of them."""
    body = _merge_products(_fold_biases(_fixed_first(body)))
    while (run := _next_run(body)) is not None:
        body = _widen(body, run)
    return body


def _fixed_first(body: Body) -> Body:
    """The nodes that depend neither on the step nor on the states come first."""
    fixed = _fixed(body)
    first = [node for node in body.nodes if fixed.issuperset(node.outs)]
    return replace(body, nodes=(*first, *(node for node in body.nodes if not fixed.issuperset(node.outs))))


def _fixed(body: Body) -> set[Value]:
    """What is the same at every step."""
    drawn = [value for node in body.nodes if node.op.random for value in node.outs]
    varying = depending(body.nodes, (*body.states, *body.inputs, *drawn))
    return {*body.captured, *(value for node in body.nodes for value in node.outs)} - varying


def _axis(node: Node) -> int | None:
    """The dimension of a product's output that its weight has one row for each of; None for what is no such product."""
    if isinstance(node.op, Linear) and not node.op.transposed:
        return node.outs[0].type.rank - 1
    return 1 if isinstance(node.op, Conv) and node.op.groups == 1 else None


def _fold_biases(body: Body) -> Body:
    """Where two products are added that both have a bias, the biases are added instead, once for all steps."""
    reads = Counter([*(value for node in body.nodes for value in node.ins), *body.results])
    fixed, carried = _fixed(body), depending(body.nodes, body.states)
    biased = {
        node.outs[0]: node
        for node in body.nodes
        if _axis(node) is not None and len(node.ins) == 3 and node.ins[2] in fixed and reads[node.outs[0]] == 1
        # One that is the same at every step runs before the loop, with its bias.
        if node.outs[0] not in fixed
    }
    added: dict[Node, Value | None] = {}
    new = Rewriting(body)
    for node in body.nodes:
        if isinstance(node.op, Add) and all(value in biased for value in node.ins) and node.ins[0] is not node.ins[1]:
            # The product that does not wait for the states has its bias added for all steps at once.
            first, second = sorted((biased[value] for value in node.ins), key=lambda one: one.outs[0] in carried)
            if first.ins[2].type == second.ins[2].type:
                new.b.use = first.use
                added[first], added[second] = new.add(Add(), first.ins[2], second.ins[2])[0], None
    head, new.b.nodes = new.b.nodes, []
    for node in body.nodes:
        if node in added:
            bias = added[node]
            new.copy(node, *node.ins[:2], *([bias] if bias is not None else []))
        else:
            new.copy(node)
    body = new.done()
    # The sums read what is fixed, which stands first.
    count = sum(fixed.issuperset(node.outs) for node in body.nodes)
    return without_dead(replace(body, nodes=(*body.nodes[:count], *head, *body.nodes[count:])))


def _merge_products(body: Body) -> Body:
    """Products of the same input become one, in an order that brings together what the same functions follow."""
    fixed = _fixed(body)
    groups: dict[tuple[Value, Op], list[Node]] = {}
    for node in body.nodes:
        if _axis(node) is not None and fixed.issuperset(node.ins[1:]) and node.ins[0] not in fixed:
            groups.setdefault((node.ins[0], node.op), []).append(node)
    merged = {node: group for group in groups.values() if len(group) > 1 for node in group}
    follow = _followers(body)
    new = Rewriting(body)
    for node in body.nodes:
        group = merged.get(node)
        if group is None:
            new.copy(node)
        elif node is group[0]:
            new.b.use = node.use
            _merge_group(new, sorted(group, key=lambda one: follow(one.outs[0])))
    return new.done()


def _merge_group(new: Rewriting, members: Sequence[Node]) -> None:
    first = members[0]
    axis = _axis(first)
    assert axis is not None
    (weight,) = new.add(Concat(0), *(one.ins[1] for one in members))
    (wide,) = new.add(first.op, first.ins[0], weight, *_biases(new, members))
    parts = new.add(Cut(axis, tuple([_extent(one.outs[0], axis) for one in members])), wide)
    new.of.update(zip((one.outs[0] for one in members), parts, strict=True))


def _biases(new: Rewriting, members: Sequence[Node]) -> Values:
    """The biases one after the other, zeros where a product has none; nothing when none has one."""
    if all(len(one.ins) == 2 for one in members):
        return ()
    parts = [
        one.ins[2] if len(one.ins) == 3 else new.add(FillLike(one.ins[1].type.shape[:1], 0.0), one.ins[1])[0]
        for one in members
    ]
    return new.add(Concat(0), *parts)


def _extent(value: Value, axis: int) -> int:
    size = value.type.shape[axis]
    assert isinstance(size, int)
    return size


def _followers(body: Body) -> Callable[[Value], tuple[str, ...]]:
    """The functions that a value goes through up to the first that is read by more than one node."""
    readers: dict[Value, list[Node]] = {}
    for node in body.nodes:
        for value in node.ins:
            readers.setdefault(value, []).append(node)

    def follow(value: Value) -> tuple[str, ...]:
        names = []
        while len(readers.get(value, ())) == 1 and readers[value][0].op.elementwise:
            names.append(repr(readers[value][0].op))
            value = readers[value][0].outs[0]
        return tuple(names)

    return follow


Run = tuple[list[Node], list[Node]]


def _next_run(body: Body) -> Run | None:
    """Nodes that do the same with neighbouring parts of the same values, and the cuts that make these parts."""
    cut_of = {value: node for node in body.nodes if isinstance(node.op, Cut) for value in node.outs}
    groups: dict[tuple[Op, tuple[Node, ...]], list[Node]] = {}
    for node in body.nodes:
        if node.op.elementwise and node.ins and all(value in cut_of for value in node.ins):
            cuts = tuple([cut_of[value] for value in node.ins])
            places = {cut.outs.index(value) for cut, value in zip(cuts, node.ins, strict=True)}
            if len(places) == len({cut.op for cut in cuts}) == 1:
                groups.setdefault((node.op, cuts), []).append(node)
    for (_, cuts), nodes in groups.items():
        by_place = {cuts[0].outs.index(node.ins[0]): node for node in nodes}
        for place in sorted(by_place):
            run = [by_place[place]]
            while (nearby := by_place.get(place + len(run))) is not None:
                run.append(nearby)
            if len(run) > 1:
                return run, list(dict.fromkeys(cuts))
    return None


def _widen(body: Body, run: Run) -> Body:
    """One node in the place of several that do the same with neighbouring parts."""
    nodes, cuts = run
    wide: dict[Value, Value] = {}
    wide_made = False
    new = Rewriting(body)
    for node in body.nodes:
        new.b.use = node.use
        if node in cuts:
            part = _cut_wider(new, node, [node.outs.index(value) for value in _parts(nodes, node)])
            wide.update((value, part) for value in _parts(nodes, node))
        elif node in nodes and not wide_made:
            wide_made = True
            (made,) = new.b.keep(node.op, tuple([wide[value] for value in node.ins]))
            op = cuts[0].op
            assert isinstance(op, Cut)
            extents = tuple([_extent(one.outs[0], op.axis) for one in nodes])
            new.of.update(zip((one.outs[0] for one in nodes), new.add(Cut(op.axis, extents), made), strict=True))
        elif node not in nodes:
            new.copy(node)
    return new.done()


def _parts(nodes: Sequence[Node], cut: Node) -> list[Value]:
    """The parts of a cut that the nodes read, in order."""
    return [value for value in cut.outs if any(value in node.ins for node in nodes)]


def _cut_wider(new: Rewriting, cut: Node, places: list[int]) -> Value:
    """Cut so that the neighbouring parts `places` are one; returns it. Each of them is then cut from that."""
    op = cut.op
    assert isinstance(op, Cut)
    before, inside, after = (
        op.extents[: places[0]],
        op.extents[places[0] : places[-1] + 1],
        op.extents[places[-1] + 1 :],
    )
    if before or after:
        parts = new.add(Cut(op.axis, (*before, sum(inside), *after)), *cut.ins)
    else:
        parts = (new.of.get(cut.ins[0], cut.ins[0]),)
    part = parts[len(before)]
    kept = (*parts[: len(before)], *new.add(Cut(op.axis, inside), part), *parts[len(before) + 1 :])
    new.of.update(zip(cut.outs, kept, strict=True))
    return part
