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


def steps(stack: Array, count: int, *, reverse: bool = False, turned: bool = False) -> list[Array]:
    """The views of the steps of a stack [count · N, …], each [N, …], in the order of the loop.

    With `turned` each step of a stack [count · N, features] lies in memory as [features, N].
    """
    rows = len(stack) // count
    parts = stack.reshape(count, rows, *stack.shape[1:])
    if turned:
        parts = stack.reshape(count, stack.shape[1], rows).transpose(0, 2, 1)
    return list(parts[::-1] if reverse else parts)


def columns(stack: Array, out: Array, run: Halves) -> None:
    """out[f, t] = stack[t, f], in two halves of the features."""
    turned, half = stack.swapaxes(0, 1), len(out) // 2
    run(partial(np.copyto, out[:half], turned[:half]), partial(np.copyto, out[half:], turned[half:]))
