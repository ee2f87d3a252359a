"""Max pooling over disjoint regions of uneven sizes. Images are logical [N, channels, height, width], stored
channels-last; `rows` and `columns` say where regions start, and where the last one ends.

Scratch memory is [images, height of x, width of y, channels] for a block of images.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Cuts = tuple[int, ...]


def region_max(x: Array, y: Array, narrow: Array, *, rows: Cuts, columns: Cuts) -> None:
    """The maximum of each region: of the columns in each row first, then of the rows."""
    ins, outs = x.transpose(0, 2, 3, 1), y.transpose(0, 2, 3, 1)
    for start in range(0, len(ins), len(narrow)):
        image = ins[start : start + len(narrow)]
        middle = narrow[: len(image)]
        line_max(image, middle, columns, 2)
        line_max(middle, outs[start : start + len(narrow)], rows, 1)


def region_max_gradient(
    x: Array,
    y: Array,
    gy: Array,
    gx: Array,
    narrow: Array,
    share: Array,
    here: Array,
    left: Array,
    *,
    rows: Cuts,
    columns: Cuts,
) -> None:
    """gy goes to the first position, row by row, of each region that has the maximum y: to the first row whose maximum
    it is, and there to the first column."""
    arrays = [array.transpose(0, 2, 3, 1) for array in (x, y, gy, gx)]
    for start in range(0, len(x), len(narrow)):
        ins, outs, gouts, gins = (array[start : start + len(narrow)] for array in arrays)
        middle, part = narrow[: len(ins)], share[: len(ins)]
        line_max(ins, middle, columns, 2)
        line_max_gradient(middle, outs, gouts, part, here, left, rows, 1)
        line_max_gradient(ins, middle, part, gins, here, left, columns, 2)


def line_max(x: Array, y: Array, cuts: Cuts, axis: int) -> None:
    """The maximum of each region of one axis."""
    images, line = np.moveaxis(x, axis, 0), np.moveaxis(y, axis, 0)
    for place, first in enumerate(cuts[:-1]):
        np.max(images[first : cuts[place + 1]], axis=0, out=line[place])


def line_max_gradient(
    x: Array, y: Array, gy: Array, gx: Array, here: Array, left: Array, cuts: Cuts, axis: int
) -> None:
    """gy goes to the first position of each region that has the maximum y."""
    ins, outs, gouts, gins = (np.moveaxis(array, axis, 0) for array in (x, y, gy, gx))
    count = outs[0].size
    wins, todo = here.reshape(-1)[:count].reshape(outs[0].shape), left.reshape(-1)[:count].reshape(outs[0].shape)
    for place, first in enumerate(cuts[:-1]):
        todo.fill(True)
        for position in range(first, cuts[place + 1]):
            np.equal(ins[position], outs[place], out=wins)
            wins &= todo
            todo ^= wins
            np.multiply(gouts[place], wins, out=gins[position])
