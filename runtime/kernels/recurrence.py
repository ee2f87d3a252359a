"""Steps of a sequence."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Work = Callable[[], None]
Halves = Callable[[Work, Work], None]


def steps(stack: Array, count: int, *, reverse: bool = False, turned: bool = False, gates: int = 0) -> list[Array]:
    """The views of the steps of a stack [count · N, …], each [N, …], in the order of the loop.

    With `turned` each step of a stack [count · N, features] lies in memory as [features, N]. With `gates` the views are
    [gates, N, features / gates], and what is turned lies in memory like that.
    """
    rows = len(stack) // count
    parts = stack.reshape(count, rows, *stack.shape[1:])
    if gates:
        shape = (gates, rows) if turned else (rows, gates)
        parts = stack.reshape(count, *shape, -1)
        parts = parts if turned else parts.swapaxes(1, 2)
    elif turned:
        parts = stack.reshape(count, stack.shape[1], rows).transpose(0, 2, 1)
    return list(parts[::-1] if reverse else parts)


def columns(stack: Array, out: Array, run: Halves) -> None:
    """out[f, t] = stack[t, f], in two halves of the features."""
    turned, half = stack.swapaxes(0, 1), len(out) // 2
    run(partial(np.copyto, out[:half], turned[:half]), partial(np.copyto, out[half:], turned[half:]))


def in_parts(x: Array, rows: int) -> Array:
    """The matrix x as [parts, rows, features]; as one part where that does not come out even."""
    return x.reshape(-1, rows, x.shape[1]) if len(x) % rows == 0 else x[None]
