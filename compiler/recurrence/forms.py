"""The form of a computation's loops that a tier runs fastest."""

from __future__ import annotations

from collections.abc import Callable

from ..graph.computation import Computation
from ..graph.dims import Dim
from ..graph.tiers import Tier
from .apart import with_gates_apart
from .divide import with_products_divided
from .gates import with_gates_by_tanh
from .order import in_order
from .scan import Scan

Number = Callable[[Dim], int]


def laid_out(found: Computation, tier: Tier, number: Number) -> Computation:
    """The computation with loops in the form that the tier runs fastest; `number` gives the planned number of a size.

    For NumPy: values gate by gate where as many stacks are then written over others, products made in parts, gates by
    hyperbolic tangents. Compiled loops are best as they are.
    """
    if tier == "fast":
        return in_order(found)
    plain = _for_numpy(found, number)
    apart = with_gates_apart(found, number)
    if apart is found:
        return plain
    made = _for_numpy(apart, number)
    return made if _overwritten(made) >= _overwritten(plain) else plain


def _for_numpy(found: Computation, number: Number) -> Computation:
    return in_order(with_gates_by_tanh(with_products_divided(found, number)))


def _overwritten(found: Computation) -> int:
    return sum(len(node.op.over) for node in found.nodes if isinstance(node.op, Scan))
