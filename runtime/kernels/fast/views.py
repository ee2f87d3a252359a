"""The arrays of a loop: where each lies at every step, and which of them meet in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...record import Record

Array = NDArray[Any]


class View(Record, eq=False):
    """An array that may be another one at each step, laid out alike; `places` are its addresses, step by step."""

    places: NDArray[np.int64]
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def item(self) -> int:
        return self.dtype.itemsize

    @property
    def extent(self) -> int:
        """The bytes from its start to its end, the gaps between its elements too."""
        return self.item + sum((size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True))

    def same(self, other: View) -> bool:
        return self.alike(other) and bool(np.array_equal(self.places, other.places))

    def alike(self, other: View) -> bool:
        return (self.shape, self.strides, self.dtype) == (other.shape, other.strides, other.dtype)

    def reaches(self, start: int, stop: int) -> bool:
        """Whether it is somewhere between these addresses at any step."""
        return bool(((self.places < stop) & (start < self.places + self.extent)).any())

    def apart(self, other: View) -> bool:
        """Whether no element is in both, at any one step."""
        ends = (self.places + self.extent <= other.places) | (other.places + other.extent <= self.places)
        if ends.all():
            return True
        if self.strides != other.strides or len(self.shape) != 2 or self.item != other.item:
            return False
        return all(
            _beside(int(one), int(two), self, other)
            for one, two in zip(self.places[~ends], other.places[~ends], strict=True)
        )


def view(arrays: Sequence[Array], steps: int) -> View | None:
    """The view of an array, or of one for each step; None where they are not laid out alike."""
    first = arrays[0]
    if any((a.shape, a.strides, a.dtype) != (first.shape, first.strides, first.dtype) for a in arrays):
        return None
    if first.size == 0 or any(stride < 0 for stride in first.strides):
        return None
    places = [array.__array_interface__["data"][0] for array in arrays]
    return View(np.resize(np.array(places, np.int64), steps), first.shape, first.strides, first.dtype)


def _beside(one: int, two: int, first: View, second: View) -> bool:
    """Whether these are different columns of the rows of one array."""
    if one > two:
        one, two, first, second = two, one, second, first
    row, item = first.strides
    apart = two - one
    return row > item == first.item and first.shape[1] * item <= apart and apart + second.shape[1] * item <= row


def divided(views: Iterable[View], written: Iterable[View], samples: int) -> bool:
    """Whether every row of a view has memory of its own, so that rows can be worked on side by side: what is written
    has one row for each sample, and whatever else is seen there has the same samples in the same rows."""
    every, changed = list(views), {id(one) for one in written}
    spans = sorted(
        {
            (place, place + one.extent, number, id(one) in changed)
            for number, one in enumerate(every)
            for place in np.unique(one.places).tolist()
        }
    )
    open: list[tuple[int, int, int, bool]] = []
    for span in spans:
        open = [other for other in open if other[1] > span[0]]
        for other in (*open, span):
            if (span[3] or other[3]) and not _rows_alike(other[0], span[0], every[other[2]], every[span[2]], samples):
                return False
        open.append(span)
    return True


def _rows_alike(one: int, two: int, first: View, second: View, samples: int) -> bool:
    """Whether an address that is in both has the same row in both; the first starts before the second."""
    if first.strides != second.strides or first.item != second.item or len(first.shape) != 2:
        return False
    if first.shape[0] != samples or second.shape[0] != samples:
        return False
    row, column = first.strides
    apart = two - one
    if row == first.item:
        return column >= samples * row and apart % column == 0
    inside = max(first.shape[1] * column, apart + second.shape[1] * column)
    return column == first.item and inside <= row
