"""The gradients of gates in the memory of the gates.

The step back reads the value of a gate for the last time to make the gradient by what the gate is a function of. Where
the values of all gates of a product are one stack, and these gradients another, the second is written over the first:
less of what the loop goes through is out of the cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..graph.code import Code, Names
from ..graph.graph import Node, Value
from ..ops.cut import Cut
from ..ops.shape import Concat
from ..ops.unary import Unary
from .body import Body
from .places import Home, Places, by_features
from .rewriting import Rewriting


def with_gates_joined(body: Body) -> Body:
    """The same step with the gates that are functions of all parts of one value as parts of one value too."""
    if not by_features(body):
        return body
    readers: dict[Value, list[Node]] = {}
    for node in body.nodes:
        for value in node.ins:
            readers.setdefault(value, []).append(node)
    gates = {node: found for node in body.nodes if (found := _gates(node, body, readers))}
    moved = [gate for found in gates.values() for gate in found]
    new = Rewriting(body)
    for node in body.nodes:
        if node not in moved:
            new.copy(node)
        if node in gates:
            assert isinstance(node.op, Cut)
            made = [gate.outs[0] for gate in gates[node]]
            for gate in gates[node]:
                new.copy(gate)
            new.b.use = node.use
            (joined,) = new.add(Concat(node.op.axis), *made)
            new.of.update(zip(made, new.add(node.op, joined), strict=True))
    return new.done()


def _gates(node: Node, body: Body, readers: dict[Value, list[Node]]) -> list[Node]:
    """The functions of the parts of a cut, one of each, whose gradients read their values; none where it is not so."""
    if not isinstance(node.op, Cut) or len(node.outs) < 2:
        return []
    found = []
    for part in node.outs:
        own = readers.get(part, [])
        if len(own) != 1 or part in body.results:
            return []
        op = own[0].op
        if not isinstance(op, Unary) or op.keeps != "y" or own[0].outs[0] in body.results:
            return []
        found.append(own[0])
    return found


def same_as_parts(nodes: Iterable[Node]) -> dict[Value, Value]:
    """What is joined and cut again as it was, by what it was joined of."""
    nodes = list(nodes)
    joined = {node.outs[0]: node.ins for node in nodes if isinstance(node.op, Concat)}
    found: dict[Value, Value] = {}
    for node in nodes:
        ins = joined.get(node.ins[0], ()) if isinstance(node.op, Cut) else ()
        if [value.type for value in ins] == [value.type for value in node.outs]:
            found.update(zip(ins, node.outs, strict=True))
    return found


def overwritten(
    body: Body, turned: tuple[tuple[int, ...], tuple[int, ...]], before: tuple[int, ...], gate: int = 0
) -> tuple[tuple[int, int], ...]:
    """The stacks that a loop may write over stacks that it reads, as numbers (output, input) of the body: nothing of a
    step of the input is read once something is written in its place.

    Where values lie gate by gate, of `gate` features each, and what is multiplied in rows, the one is written over the
    other: in any place of the step, then.
    """
    made = {value: node for node in body.nodes for value in node.outs}
    rows = {
        value: number
        for number, value in enumerate(body.outputs)
        if (number in turned[1] or gate) and value in made and not isinstance(made[value].op, Cut)
    }
    if not rows:
        return ()
    places = Places(body, [*body.leaves, *rows])
    # A result may be a part of an input, and is copied at the end of the step.
    kept = {places.found[value].root.value for value in body.results}
    free = {
        value: number
        for number, value in enumerate(body.inputs)
        if number in turned[0] and number not in before and value not in kept
    }
    pairs: list[tuple[int, int]] = []
    for value, output in rows.items():
        for given in free:
            if given.type == value.type and _in_turn(
                body, places, value, given, apart=bool(gate) and output not in turned[1]
            ):
                pairs.append((output, free.pop(given)))
                break
    return tuple(pairs)


def _in_turn(body: Body, places: Places, value: Value, given: Value, *, apart: bool) -> bool:
    """Whether each part of `given` is read no later than something is written to the part of `value` in its place;
    with `apart` the parts lie otherwise in the one than in the other."""
    to, source = places.found[value], places.found[given]
    reads = [
        (place, node, operand, _span(places.found[read]))
        for place, node in enumerate(body.nodes)
        for operand, read in enumerate(node.ins)
        if places.found[read].root is source
    ]
    for place, node in enumerate(body.nodes):
        for start, stop in _written(node, places, to):
            for read_at, reader, operand, (first, end) in reads:
                if read_at < place or (not apart and (end <= start or stop <= first)):
                    continue
                if apart and reader is node and reads_first(node, operand):
                    continue
                alike = reader is node and (first, end) == (start, stop)
                if apart or not (alike and node.op.elementwise and operand in node.op.inplace):
                    return False
    return True


def _written(node: Node, places: Places, to: Home) -> Iterator[tuple[float, float]]:
    """What a node writes of the memory of a value, as features from the first up to, not including, the last. What is
    joined may be copied there then."""
    for value in node.outs:
        if places.found[value].root is to and not isinstance(node.op, Cut):
            yield _span(places.found[value])


def _span(home: Home) -> tuple[float, float]:
    if home.part is None:
        return 0, float("inf")
    whole, _, start, stop = home.part
    first = _span(whole)[0]
    return first + start, first + stop


def reads_first(node: Node, operand: int) -> bool:
    """Whether a primitive has read all of an operand before it writes anything to its output."""
    if not node.op.elementwise or len(node.outs) > 1:
        return False
    ins = tuple([f"in{place}_" for place in range(len(node.ins))])
    types = tuple([value.type for value in node.ins])
    code = Code(ins, ("out_",), types, tuple([value.type for value in node.outs]), Names({}, {}))
    node.op.numpy(code)
    if any(ins[operand] in expression or "out_" in expression for _, expression in code.views):
        return False
    written = [place for place, line in enumerate(code.lines) if "out_" in line]
    return all(ins[operand] not in line for line in code.lines[written[0] :])
