"""Steps of a sequence."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


def steps(stack: Array, count: int, *, reverse: bool = False, turned: bool = False) -> list[Array]:
    """The views of the steps of a stack [count · N, …], each [N, …], in the order of the loop.

    With `turned` each step of a stack [count · N, features] lies in memory as [features, N].
    """
    rows = len(stack) // count
    parts = stack.reshape(count, rows, *stack.shape[1:])
    if turned:
        parts = stack.reshape(count, stack.shape[1], rows).transpose(0, 2, 1)
    return list(parts[::-1] if reverse else parts)
