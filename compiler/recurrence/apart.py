"""The values of a step gate by gate.

A value [N, k · u] of k gates lies in memory as [k, N, u], and all of a cell's arithmetic goes over pieces of memory.
The product with a state is then one of [N, u] for each gate, which OpenBLAS reads where it lies as long as it is small.
Unlike values that lie feature by feature, see `places`, those of one gate are rows: what the loop reads and makes of
them need not be turned. What is multiplied itself, the gradients of all gates, lies in rows too, and the products after
the loop read it as it is. Of an LSTM's step of training, 128 units, batch 32, that is 6 % less.
"""

from __future__ import annotations

from collections.abc import Callable

from ...runtime.record import replace
from ..graph.computation import Computation
from ..graph.dims import Dim
from ..graph.graph import Node
from ..ops.cut import Cut
from ..ops.embed import Embed
from ..ops.linear import Linear
from ..ops.shape import Concat
from .body import Body, depending
from .parts import SMALL, rows_of_part
from .places import by_features, lies_by_features
from .scan import Scan

# Rows of fewer features take longer to go over than they save.
SHORTEST = 64
# The weight of a product for each gate is copied, which pays where a loop has this many rows for each feature.
REPAID = 4


def with_gates_apart(found: Computation, number: Callable[[Dim], int]) -> Computation:
    """The computation with loops whose values lie gate by gate, where that is faster for all that read what they make;
    `number` gives the planned number of a size."""
    loops = [node for node in found.nodes if isinstance(node.op, Scan) and by_features(node.op.body)]
    gates = {node: gate for node in loops if (gate := _gate(node, number)) is not None}
    while other := [node for node in gates if any(_share(node, loop, gates) for loop in loops if loop is not node)]:
        for node in other:
            del gates[node]
    if not gates:
        return found
    return replace(found, nodes=tuple([_apart(node, gates[node]) if node in gates else node for node in found.nodes]))


def _share(node: Node, other: Node, gates: dict[Node, int]) -> bool:
    """Whether a loop that lies otherwise reads what this one makes, or the other way round, or both the same stack."""
    return gates.get(other) != gates[node] and not {*node.ins, *node.outs}.isdisjoint((*other.ins, *other.outs))


def _apart(node: Node, gate: int) -> Node:
    assert isinstance(node.op, Scan)
    return replace(node, op=replace(node.op, gate=gate, body=_written_last(node.op.body)))


def _gate(node: Node, number: Callable[[Dim], int]) -> int | None:
    """The features of a gate, if all of a loop's values are made of such; None where they are not to lie so."""
    assert isinstance(node.op, Scan)
    body = node.op.body
    made = [value for one in body.nodes for value in one.outs]
    values = [value for value in (*body.states, *body.inputs, *made) if lies_by_features(body, value.type)]
    sizes = [size for value in values if isinstance(size := value.type.shape[1], int)]
    gate, samples = min(sizes, default=0), number(body.samples)
    rows = number(node.op.steps) * samples
    even = len(sizes) == len(values) and gate >= SHORTEST and all(size % gate == 0 for size in sizes)
    return gate if even and all(_fits(one, body, gate, samples, rows) for one in body.nodes) else None


def _fits(node: Node, body: Body, gate: int, samples: int, rows: int) -> bool:
    """Whether a node can run on values that lie gate by gate, and its product is fast then: of `samples` rows at each
    step, `rows` in all."""
    op = node.op
    if isinstance(op, Cut | Concat):
        return True
    if isinstance(op, Embed):
        return node.ins[1] in body.captured
    if isinstance(op, Linear):
        x, *weights = node.ins
        readers = [one for one in body.nodes if not set(weights).isdisjoint(one.ins)]
        alone = all(one.op == op and one.ins[1:] == node.ins[1:] for one in readers)
        features, units = x.type.shape[1], node.outs[0].type.shape[1]
        assert isinstance(features, int)
        makers = [one for one in body.nodes if x in one.outs and not isinstance(one.op, Cut)]
        matrix = features == gate or (x in body.outputs and makers)
        if any(given not in body.captured for given in weights) or not alone or not matrix:
            return False
        if units == gate:
            return rows_of_part(samples, *weights[0].type.shape) is not None
        return samples * features * gate <= SMALL and REPAID * features <= rows
    return all(
        value in body.captured and value.type.rank == 2 and value.type.shape[1] in (1, node.outs[0].type.shape[1])
        for value in node.ins
        if not lies_by_features(body, value.type) and value.type.dtype != "bool"
    )


def _written_last(body: Body) -> Body:
    """The same step with what writes the rows of its products at the end, first what reads stacks meanwhile: rows may
    be written over gates that nothing reads any more."""
    makers = {value: node for node in body.nodes for value in node.outs}
    rows = {node.ins[0] for node in body.nodes if isinstance(node.op, Linear)}
    made = [makers[value] for value in rows & set(body.outputs) if value in makers]
    writers = [makers[value] for node in made if isinstance(node.op, Concat) for value in node.ins if value in makers]
    last = depending(body.nodes, [value for node in writers for value in node.outs])
    first = [node for node in body.nodes if last.isdisjoint(node.outs)]
    cut = depending([node for node in body.nodes if isinstance(node.op, Cut)], body.inputs)
    late = [node for node in body.nodes if node not in first]
    free = [node for node in late if node in writers and last.isdisjoint(node.ins) and not cut.isdisjoint(node.ins)]
    return replace(body, nodes=(*first, *free, *(node for node in late if node not in free)))
