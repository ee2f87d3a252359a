"""How good a network is on data: its loss, and for classes its accuracy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..program import Program
from ..record import Record

Array = NDArray[Any]


class Score(Record):
    """The loss, weighted by the number of samples of each batch, and the share of positions that are right."""

    loss: float
    accuracy: float | None

    def value(self) -> float:
        """What is best when greatest: the accuracy, or where there is none the loss turned round."""
        return self.accuracy if self.accuracy is not None else -self.loss

    def figures(self) -> dict[str, float]:
        """The figures that there are, by name."""
        return {"loss": self.loss} | ({"accuracy": self.accuracy} if self.accuracy is not None else {})


class Judge(Protocol):
    """What evaluates batches: a trainer, or a model."""

    program: Program

    def evaluate(self, **arrays: Array) -> tuple[float, dict[str, Array]]: ...


def score(judge: Judge, data: Dataset) -> Score:
    """The score at inference, in batches of the size that the program is planned for."""
    found = score_unless(judge, data, lambda: False)
    assert found is not None
    return found


def score_unless(judge: Judge, data: Dataset, stop: Callable[[], bool]) -> Score | None:
    """The score, or None where `stop` says after a batch to leave off."""
    program = judge.program
    scored = program.scored
    total, right, counted = 0.0, 0, 0
    batch = program.sizes.get("N", 1)
    for start in range(0, data.size, batch):
        arrays = data.take(np.arange(start, min(start + batch, data.size)))
        size = min(batch, data.size - start)
        loss, outputs = judge.evaluate(**arrays)
        total += loss * size
        if scored is not None:
            labels = arrays[scored.target]
            kept = labels != scored.ignore if scored.ignore is not None else np.ones(labels.shape, bool)
            guesses = outputs[scored.output].argmax(scored.axis)
            right += int(np.count_nonzero((guesses == labels) & kept))
            counted += int(np.count_nonzero(kept))
        if stop():
            return None
    return Score(total / data.size, right / counted if counted else None)
