"""Dead code: nodes that no result depends on are dropped."""

from __future__ import annotations

from ...runtime.record import replace
from ..graph.computation import Computation


def drop_dead(found: Computation) -> Computation:
    """The computation without the nodes that its results do not depend on."""
    needed = set(found.results())
    kept = []
    forward = 0
    for place in range(len(found.nodes) - 1, -1, -1):
        node = found.nodes[place]
        if needed.isdisjoint(node.outs):
            continue
        needed.update(node.ins)
        kept.append(node)
        forward += place < found.forward
    return replace(found, nodes=tuple(reversed(kept)), forward=forward)
