"""Arrays in blocks that stay in cache."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


def in_blocks(array: Array, size: int) -> list[Array]:
    """The elements of an array in C order, as vectors of `size` and of what is left."""
    flat = array.view()
    flat.shape = (array.size,)  # an error where the elements do not lie together, not a copy
    return [flat[start : start + size] for start in range(0, flat.size, size)]
