"""Updates of parameters in one compiled pass; arguments as in `kernels.optimizers`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from numpy.typing import NDArray

from .. import lanes
from .compiled import compiled

Array = NDArray[Any]
# The bytes of parameters that take several times as long as a second thread needs to wake, also where the threads of
# BLAS have just worked and are still awake.
WAKING = 8 << 20


def bound(rule: Callable[..., None], s: Array, *arrays: Array) -> Callable[..., None]:
    """What runs a rule on the arrays as a whole, given its settings: it needs no scratch memory."""
    return partial(rule, *arrays)


def sgd(
    p: Array, g: Array, *slots: Array, lr: float, momentum: float, nesterov: bool, weight_decay: float, step: int
) -> None:
    """v = momentum · v + g; p −= lr · v, or with `nesterov` p −= lr · (g + momentum · v) (Sutskever et al. 2013)."""
    number, half = p.dtype.type, p.size // 2
    run = lanes.together if p.nbytes >= WAKING else lanes.in_turn

    def part(some: slice) -> None:
        if slots:
            with_momentum(
                p[some], g[some], slots[0][some], number(lr), number(momentum), nesterov, number(weight_decay)
            )
        else:
            plain(p[some], g[some], number(lr), number(weight_decay))

    run(partial(part, slice(half)), partial(part, slice(half, None)))


@compiled
def plain(p: Array, g: Array, lr: Any, weight_decay: Any) -> None:
    for i in range(p.size):
        p[i] -= lr * (g[i] + weight_decay * p[i])


@compiled
def with_momentum(p: Array, g: Array, v: Array, lr: Any, momentum: Any, nesterov: bool, weight_decay: Any) -> None:
    if nesterov:
        for i in range(p.size):
            gradient = g[i] + weight_decay * p[i]
            v[i] = momentum * v[i] + gradient
            p[i] -= lr * (gradient + momentum * v[i])
    else:
        for i in range(p.size):
            v[i] = momentum * v[i] + (g[i] + weight_decay * p[i])
            p[i] -= lr * v[i]
