"""Samples in memory or on disk, and how they are taken and divided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..record import Record, replace

Array = NDArray[Any]


class Dataset(Record, eq=False):
    """Arrays by the name of the input or target that they are for; the samples are along the first dimension.

    `chosen` are the samples that belong to it, in order; None means all. Those that are `ordered` follow each other in
    time or in a text.
    """

    arrays: Mapping[str, Array]
    chosen: NDArray[np.int64] | None = None
    ordered: bool = False

    @property
    def size(self) -> int:
        """The number of samples."""
        if self.chosen is not None:
            return len(self.chosen)
        return min((len(array) for array in self.arrays.values()), default=0)

    def take(self, places: NDArray[np.int64]) -> dict[str, Array]:
        """The samples at these places."""
        found = places if self.chosen is None else self.chosen[places]
        return {name: array[found] for name, array in self.arrays.items()}

    def first(self, count: int) -> dict[str, Array]:
        """The first samples."""
        return self.take(np.arange(count))

    def limit(self, count: int) -> Dataset:
        """The first samples alone."""
        return replace(self, chosen=self._all()[:count])

    def split(self, share: float, seed: int, stratify: str | None = None) -> tuple[Dataset, Dataset]:
        """What is left, and a share of the samples drawn by the seed, at least one on each side where there are two.

        With `stratify`, the name of an array of labels, the share is drawn from the samples of each label. Both parts
        keep the order of the samples. Of ordered samples the share is the last ones: what comes is not known before.
        """
        if self.ordered:
            places = self._all()
            last = min(max(round(share * len(places)), 1), max(len(places) - 1, 1))
            return replace(self, chosen=places[:-last]), replace(self, chosen=places[-last:])
        rng = np.random.default_rng(seed)
        everything = self._all()
        groups = [everything]
        if stratify is not None:
            labels = self.arrays[stratify][everything]
            groups = [everything[labels == label] for label in np.unique(labels)]
        held = [group[rng.permutation(len(group))[: round(share * len(group))]] for group in groups]
        held_out = np.sort(np.concatenate(held))
        if len(held_out) == 0:
            held_out = everything[:1]
        if len(held_out) == len(everything):
            held_out = held_out[1:]
        rest = everything[~np.isin(everything, held_out)]
        return Dataset(self.arrays, rest), Dataset(self.arrays, held_out)

    def _all(self) -> NDArray[np.int64]:
        return np.arange(self.size) if self.chosen is None else self.chosen


class Splits(Record, eq=False):
    """What a source of data holds: samples to train on, and where it has them samples to test on.

    `alphabet` are the characters of a text, in the order of their numbers.
    """

    train: Dataset
    test: Dataset | None = None
    alphabet: str | None = None
