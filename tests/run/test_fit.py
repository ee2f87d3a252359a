"""The loop of training: each sample once an epoch, what is recorded and kept, and when it ends."""

from __future__ import annotations

from copy import deepcopy
from itertools import chain
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import netc
from netc.runtime.data.dataset import Dataset
from netc.runtime.errors import RunError
from netc.runtime.record import replace
from netc.runtime.trainer import Trainer
from netc.runtime.training import fit as module
from netc.runtime.training.fit import Fit, Options, Position
from netc.runtime.training.metrics import Score

NET = """net t {
  input x: f64[N, 3]
  target y: f64[N, 2]
  fc(2)
  train { loss = mse; optimizer = sgd(lr = 0.01, momentum = 0.5) }
}
"""
OPTIONS = Options(epochs=3, batch=4, seed=5)


def data(count: int = 10) -> Dataset:
    rng = np.random.default_rng(0)
    return Dataset({"x": rng.normal(size=(count, 3)), "y": rng.normal(size=(count, 2))})


class Run:
    """A training with everything that it says and keeps."""

    def __init__(
        self, options: Options = OPTIONS, *, held_out: Dataset | None = None, stop_at: int | None = None
    ) -> None:
        self.trainer: Trainer = netc.loads(NET).trainer(N=4, seed=1)
        self.steps: list[tuple[int, int, float, int]] = []
        self.records: list[dict[str, Any]] = []
        self.kept: list[tuple[Position, bool]] = []
        self.stop_at = stop_at
        self.fit = Fit(self.trainer, data(), held_out, options, self.save, self, self.stopped)

    def save(self, position: Position, improved: bool) -> None:
        self.kept.append((deepcopy(position), improved))

    def step(self, position: Position, loss: float, size: int) -> None:
        self.steps.append((position.epoch, position.index, loss, size))

    def epoch(self, record: dict[str, Any]) -> None:
        self.records.append(record)

    def stopped(self) -> bool:
        return self.stop_at is not None and len(self.steps) >= self.stop_at

    def weights(self) -> list[NDArray[Any]]:
        return list(self.trainer.state_dict().values())


def test_epochs_are_counted_and_their_losses_are_weighted() -> None:
    run = Run()
    assert run.fit.run()
    assert [step[:2] + step[3:] for step in run.steps] == [(e, i, 10) for e in range(3) for i in (4, 8, 10)]
    assert [(record["epoch"], record["step"]) for record in run.records] == [(1, 3), (2, 6), (3, 9)]
    for number, record in enumerate(run.records):
        losses = [loss for epoch, _, loss, _ in run.steps if epoch == number]
        assert record["loss"] == pytest.approx(np.dot(losses, (4, 4, 2)) / 10, rel=1e-12)
        assert record["samples_per_second"] == pytest.approx(10 / record["seconds"])
    assert [(p.epoch, p.index, p.loss) for p, _ in run.kept] == [(1, 0, 0.0), (2, 0, 0.0), (3, 0, 0.0)]
    losses = [record["loss"] for record in run.records]
    assert [improved for _, improved in run.kept] == [n == 0 or losses[n] < min(losses[:n]) for n in range(3)]


def test_every_sample_is_taken_once_an_epoch_in_an_order_of_its_own() -> None:
    run = Run()
    seen: list[list[int]] = []
    rows = {tuple(row): number for number, row in enumerate(data().arrays["x"])}
    learn = run.trainer.differentiate

    def watched(**arrays: NDArray[Any]) -> float:
        seen.append([rows[tuple(row)] for row in arrays["x"]])
        return learn(**arrays)

    run.trainer.differentiate = watched  # type: ignore[method-assign]
    run.fit.run()
    assert [len(batch) for batch in seen] == [4, 4, 2] * 3
    epochs = [[*chain(*seen[at : at + 3])] for at in (0, 3, 6)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len(set(map(tuple, epochs))) == 3
    again = Run(replace(OPTIONS, seed=6))
    again.fit.run()
    assert not np.array_equal(again.weights()[0], run.weights()[0])


def test_without_a_batch_all_samples_are_one() -> None:
    run = Run(replace(OPTIONS, batch=None))
    run.trainer = run.fit.trainer = netc.loads(NET).trainer(N=10)
    run.fit.run()
    assert [index for _, index, _, _ in run.steps] == [10, 10, 10]


@pytest.mark.parametrize("stop_at", range(1, 9))
def test_a_stopped_run_goes_on_to_the_same_numbers(stop_at: int) -> None:
    whole, first = Run(), Run(stop_at=stop_at)
    whole.fit.run()
    assert not first.fit.run()
    position, improved = first.kept[-1]
    assert not improved
    assert (position.epoch, position.index) == ((stop_at - 1) // 3, (4, 8, 10)[(stop_at - 1) % 3])
    second = Run()
    second.trainer.load_state_dict(first.trainer.state_dict())
    second.trainer.load_optimizer_state(first.trainer.optimizer_state())
    second.trainer.steps = first.trainer.steps
    second.fit.position = deepcopy(position)
    assert second.fit.run()
    assert all(np.array_equal(a, b) for a, b in zip(second.weights(), whole.weights(), strict=True))
    records = [{k: v for k, v in r.items() if "second" not in k} for r in (*first.records, *second.records)]
    assert records == [{k: v for k, v in r.items() if "second" not in k} for r in whole.records]
    here = second.records[0]
    assert here["samples_per_second"] == pytest.approx((10 - position.index) / here["seconds"], rel=1e-6)


@pytest.mark.parametrize(
    ("patience", "scores", "epochs"),
    [
        (None, [3, 2, 1, 1, 1, 1], 6),
        (1, [3, 2, 9, 9], 2),
        (2, [1, 2, 3, 3, 2, 4, 4, 4], 5),
        (3, [1, 1, 1, 1, 1], 4),
    ],
)
def test_patience(patience: int | None, scores: list[float], epochs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Training ends when so many epochs in a row have not been better than the best."""
    left = iter(scores)
    monkeypatch.setattr(module, "score_unless", lambda *_: Score(0.5, next(left)))
    run = Run(Options(6, 4, 0, patience), held_out=data(4))
    assert run.fit.run()
    assert len(run.records) == epochs
    best = [max(scores[: n + 1]) for n in range(epochs)]
    assert [improved for _, improved in run.kept] == [n == 0 or best[n] > best[n - 1] for n in range(epochs)]
    last, _ = run.kept[-1]
    assert (last.best, last.best_epoch) == (best[-1], scores.index(best[-1]) + 1)
    assert all(r["held_out_loss"] == 0.5 and r["held_out_accuracy"] in scores for r in run.records)


def test_of_equal_scores_the_smaller_loss_is_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a loss is not finite, any other is smaller; a tie is an improvement to patience too."""
    scores = [(0.9, np.inf), (0.9, 0.4), (0.9, 0.4), (0.9, 0.3), (0.8, 0.1), (0.9, 0.35)]
    left = iter(Score(loss, accuracy) for accuracy, loss in scores)
    monkeypatch.setattr(module, "score_unless", lambda *_: next(left))
    run = Run(Options(6, 4, 0, 2), held_out=data(4))
    assert run.fit.run()
    assert [improved for _, improved in run.kept] == [True, True, False, True, False, False]
    assert [p.best_loss for p, _ in run.kept] == [None, 0.4, 0.4, 0.3, 0.3, 0.3]
    last, _ = run.kept[-1]
    assert (last.best, last.best_epoch, last.best_loss) == (0.9, 4, 0.3)
    assert run.fit.out_of_patience


def test_long_epochs_are_kept_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the seconds since the last time, not by steps."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    run = Run(replace(OPTIONS, epochs=1, batch=1))
    run.trainer = run.fit.trainer = netc.loads(NET).trainer(N=1)
    step = run.step

    def later(position: Position, loss: float, size: int) -> None:
        now[0] += 25
        step(position, loss, size)

    run.step = later  # type: ignore[method-assign]
    run.fit.run()
    # At 75, 150 and 225 seconds, and at the end of the epoch.
    assert [(p.epoch, p.index) for p, _ in run.kept] == [(0, 3), (0, 6), (0, 9), (1, 0)]
    assert run.records[0]["seconds"] == 250


def test_weights_that_training_cannot_go_on_from_are_not_kept() -> None:
    run = Run()
    run.trainer.finite = lambda: False  # type: ignore[method-assign]
    with pytest.raises(RunError) as caught:
        run.fit.run()
    assert (caught.value.code, caught.value.exit) == ("not-finite", 4)
    assert "by step 3" in caught.value.message
    assert run.kept == []


def test_a_loss_that_is_not_finite_ends_at_its_step() -> None:
    run = Run()
    next(iter(run.fit.train.arrays.values()))[:] = np.inf
    with pytest.raises(RunError) as caught:
        run.fit.run()
    assert (caught.value.code, caught.value.exit) == ("not-finite", 4)
    assert "in epoch 1, step 1; the first layer with such numbers is " in caught.value.message
    assert (run.steps, run.kept) == ([], [])
