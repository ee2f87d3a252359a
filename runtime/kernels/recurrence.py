"""Steps of a sequence."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


def steps(stack: Array, count: int, *, reverse: bool = False) -> list[Array]:
    """The views of the steps of a stack [count · N, …], each [N, …], in the order of the loop."""
    rows = len(stack) // count
    order = range(count - 1, -1, -1) if reverse else range(count)
    return [stack[step * rows : (step + 1) * rows] for step in order]
