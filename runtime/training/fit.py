"""Training: epochs of shuffled batches, with metrics, checkpoints and a place to stop at."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..errors import RunError
from ..program import Program
from ..record import Record, fresh
from ..trainer import Trainer
from .diagnosis import first_not_finite
from .metrics import score_unless

Array = NDArray[Any]

# A checkpoint is written after each epoch, and within an epoch when the last one is this many seconds old.
CHECKPOINT_SECONDS = 60.0


class Options(Record):
    """`batch` None takes all samples at once; `patience` stops when that many epochs have not improved on the best."""

    epochs: int
    batch: int | None
    seed: int
    patience: int | None = None


class Position(Record, frozen=False):
    """Where training stands: after `epoch` epochs, `index` samples of the next one, `chunk` chunks of the next batch.

    `loss` is the sum of the epoch's losses so far, each times its samples, `part` that of the chunks, each times its
    share of the batch; `best` the best score, at `best_epoch`, with `best_loss`, None where that is not finite.
    """

    epoch: int = 0
    index: int = 0
    loss: float = 0.0
    chunk: int = 0
    part: float = 0.0
    best: float | None = None
    best_epoch: int = 0
    best_loss: float | None = None


def stored_position(found: Mapping[str, Any], random: Mapping[str, Any]) -> Position:
    """A position as a checkpoint holds it, with a random state. Raises ValueError, TypeError, KeyError or OverflowError
    where they are none."""
    np.random.default_rng().bit_generator.state = dict(random)
    position = Position(**found)
    counts = (position.epoch, position.index, position.chunk, position.best_epoch)
    best = [number for number in (position.best, position.best_loss) if number is not None]
    numbers = (position.loss, position.part, *best)
    if not all(type(count) is int and 0 <= count < 1 << 63 for count in counts):
        raise ValueError
    if not all(type(number) in (int, float) and math.isfinite(number) for number in numbers):
        raise ValueError
    return position


class Log(Protocol):
    """What is told of training as it goes."""

    def step(self, position: Position, loss: float, size: int) -> None: ...

    def epoch(self, record: dict[str, Any]) -> None: ...


Save = Callable[[Position, bool], None]


class Fit(Record, frozen=False):
    """One run of training from a position on.

    `save(position, improved)` keeps a checkpoint; `stop` says whether to end after the current step.
    """

    trainer: Trainer
    train: Dataset
    held_out: Dataset | None
    options: Options
    save: Save
    log: Log
    stop: Callable[[], bool]
    position: Position = fresh(factory=Position)

    def run(self) -> bool:
        """Train to the end; False when stopped before it. Raises RunError at a loss that is not finite."""
        while not self.complete:
            if not self._epoch():
                return False
        return True

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do: all epochs are done, or `patience` has run out."""
        return self.position.epoch >= self.options.epochs or self.out_of_patience

    @property
    def out_of_patience(self) -> bool:
        """Whether `patience` epochs have not improved on the best."""
        patience = self.options.patience
        return patience is not None and self.position.epoch - self.position.best_epoch >= patience

    def _epoch(self) -> bool:
        position, started, saved = self.position, time.monotonic(), time.monotonic()
        self.trainer.epoch = position.epoch
        first = position.index
        for indices in self._batches(first):
            loss = self._train(self.train.take(indices))
            if loss is None:
                self._keep(False)
                return False
            position.index += len(indices)
            position.loss += loss * len(indices)
            self.log.step(position, loss, self.train.size)
            if self.stop():
                self._keep(False)
                return False
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self._keep(False)
                saved = time.monotonic()
        return self._finish(first, time.monotonic() - started)

    def _train(self, batch: Mapping[str, Array]) -> float | None:
        """Train on a batch: one update, or with truncated back-propagation one for each chunk that is left to do.

        Returns the mean loss, or None when stopped between chunks.
        """
        position, chunks = self.position, list(_chunks(batch, self.trainer.program))
        if position.chunk == 0:
            self.trainer.start()
        for chunk, share in chunks[position.chunk :]:
            moment = self.trainer.moment()
            loss = self.trainer.differentiate(**chunk)
            if not (math.isfinite(loss) and self.trainer.step_finite()):
                self.trainer.back(moment)
                raise _not_finite(self.trainer, chunk, loss, position)
            self.trainer.update()
            position.chunk, position.part = position.chunk + 1, position.part + share * loss
            if position.chunk < len(chunks) and self.stop():
                return None
        whole = position.part
        position.chunk, position.part = 0, 0.0
        return whole

    def _batches(self, first: int) -> Iterator[NDArray[np.int64]]:
        """The samples of the epoch in its own order, which follows from the seed and the number of the epoch."""
        order = np.random.default_rng([self.options.seed, self.position.epoch]).permutation(self.train.size)
        batch = self.options.batch or self.train.size
        for start in range(first, self.train.size, batch):
            yield order[start : start + batch]

    def _finish(self, first: int, seconds: float) -> bool:
        """Score and record an epoch whose steps are done; False when stopped before, and then that is left to do."""
        position = self.position
        record: dict[str, Any] = {
            "epoch": position.epoch + 1,
            "step": self.trainer.steps,
            "loss": position.loss / position.index,
        }
        value, loss = -record["loss"], record["loss"]
        if self.held_out is not None:
            found = score_unless(self.trainer, self.held_out, self.stop)
            if found is None:
                self._keep(False)
                return False
            record |= {f"held_out_{name}": number for name, number in found.figures().items()}
            value, loss = found.value(), found.loss
        record |= {"seconds": seconds, "samples_per_second": (position.index - first) / max(seconds, 1e-9)}
        improved = self._improves(value, loss)
        position.epoch, position.index, position.loss = position.epoch + 1, 0, 0.0
        if improved:
            position.best, position.best_epoch = value, position.epoch
            position.best_loss = loss if math.isfinite(loss) else None
        self.log.epoch(record)
        self._keep(improved)
        return True

    def _improves(self, value: float, loss: float) -> bool:
        """Whether a score is better than the best so far, or as good with a smaller loss."""
        best, best_loss = self.position.best, self.position.best_loss
        if best is None or value != best:
            return math.isfinite(value) and (best is None or value > best)
        return loss < (math.inf if best_loss is None else best_loss)

    def _keep(self, improved: bool) -> None:
        """Save a checkpoint, but never one that training could not go on from. Raises RunError."""
        if not self.trainer.finite():
            raise RunError(
                "not-finite",
                f"the weights are no longer finite numbers by step {self.trainer.steps}",
                help="lower the learning rate, or clip gradients with `clip_norm`; the checkpoint before is kept",
                exit=4,
            )
        self.save(self.position, improved)


def _chunks(batch: Mapping[str, Array], program: Program) -> Iterator[tuple[dict[str, Array], float]]:
    """The batch in pieces of up to `unroll` steps, each with its share of all steps."""
    unroll = program.unroll
    if unroll is None:
        yield dict(batch), 1.0
        return
    steps = next(iter(batch.values())).shape[1]
    for start in range(0, steps, unroll.steps):
        stop = min(start + unroll.steps, steps)
        yield {name: array[:, start:stop] for name, array in batch.items()}, (stop - start) / steps


def _not_finite(trainer: Trainer, batch: Mapping[str, Any], loss: float, position: Position) -> RunError:
    layer = first_not_finite(trainer, batch)
    where = f"; the first layer with such numbers is {layer}" if layer else ""
    what = f"the loss became {loss}" if not math.isfinite(loss) else "the gradients or statistics became infinite"
    return RunError(
        "not-finite",
        f"{what} in epoch {position.epoch + 1}, step {trainer.steps + 1}{where}",
        help="lower the learning rate, clip gradients with `clip_norm`, or look at the data; checkpoints are kept",
        exit=4,
    )
