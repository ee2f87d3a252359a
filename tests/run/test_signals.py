"""Signals: training finishes its step, saves and stops, wherever it is; a second signal, and one before it began, stops
at once. What was stopped goes on to the same bytes.

`NETC_SIGNALS=500 make trust` sets how many trials the long test makes.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

import netc
from netc.runtime.data.dataset import Dataset
from netc.runtime.record import replace
from netc.runtime.trainer import Trainer
from netc.runtime.training.fit import Fit, Options, Position

from ..conftest import Promise
from .runs import NETWORKS, Ended, Forks, arguments, results, without_clocks

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# What the promise gives a run to stop in, beside its step.
SECONDS = 2.0


class Stopped:
    """Runs of one network that signals stop."""

    def __init__(self, runs: Forks, name: str, seed: int) -> None:
        self.runs, self.name, self.random = runs, name, random.Random(seed)
        self.folder = runs.place / "stopped" / name
        begun = time.monotonic()
        assert self.run("--out").code == 0
        self.seconds = time.monotonic() - begun
        self.wanted = results(self.folder)
        self.longest, self.late = 0.0, 0

    def given(self, option: str) -> list[str]:
        return arguments(self.runs.place, self.name, option, str(self.folder))

    def run(self, option: str) -> Ended:
        if option == "--out":
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.parent.mkdir(exist_ok=True)
        return self.runs.run(self.given(option))

    def trial(self) -> bool:
        """Stop a run up to three times at random moments, and finish it; whether a signal came before its end."""
        shutil.rmtree(self.folder, ignore_errors=True)
        came = False
        for _ in range(self.random.randint(1, 3)):
            number = self.random.choice(SIGNALS)
            moment = self.random.uniform(0, self.seconds)
            given = self.given("--resume" if self.folder.exists() else "--out")
            begun = time.monotonic()
            ended = self.runs.signalled(given, [(moment, number)])
            if ended.code == 0:
                continue
            came = True
            took = time.monotonic() - begun - moment
            self.longest, self.late = max(self.longest, took), self.late + (took > SECONDS)
            # Before the command has its first lines read, the signal itself ends it.
            assert ended.code in (128 + number, -number), ended
            assert "Traceback" not in ended.said
            if ended.code == -number or "stopped in epoch" not in ended.said:
                continue
            assert re.search(r"stopped in epoch \d+; go on with `--resume ", ended.said)
            assert list(self.folder.glob("checkpoints/step-*")), ended
        ended = self.run("--resume" if self.folder.exists() else "--out")
        assert ended.code == 0, ended
        assert comparable(results(self.folder)) == comparable(self.wanted)
        return came


def comparable(found: dict[str, object]) -> dict[str, object]:
    """Without the checkpoint before the last one, which may be that of another step."""
    return {name: value for name, value in found.items() if name != "steps"}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_stopped_run_goes_on_to_the_same_bytes(name: str, runs: Forks) -> None:
    stopped = Stopped(runs, name, 1)
    assert sum(stopped.trial() for _ in range(3))


@pytest.mark.trust
@pytest.mark.promise("P17", "runs stopped at random moments up to three times", 50)
@pytest.mark.parametrize("seed", range(len(NETWORKS)))
def test_fifty_runs_stop_in_time_and_go_on_to_the_same_bytes(seed: int, runs: Forks, promise: Promise) -> None:
    """A step takes a millisecond here: the seconds are those to save and to end, beside what else the machine does."""
    stopped = Stopped(runs, list(NETWORKS)[seed], 10 + seed)
    count = int(os.environ.get("NETC_SIGNALS", 120)) // len(NETWORKS)
    came = sum(stopped.trial() for _ in range(count))
    promise(came, stopped.late, seconds=stopped.longest)


TWICE = """
import os, signal, sys, time
from netc.runtime.run.signals import Interrupt
with Interrupt() as interrupt:
    os.kill(os.getpid(), signal.SIGINT)
    assert interrupt.pending == signal.SIGINT
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
"""
IGNORED = """
import os, signal
from netc.runtime.run.signals import Interrupt, ending_at_once
signal.signal(signal.SIGHUP, signal.SIG_IGN)
with ending_at_once(), Interrupt() as interrupt:
    os.kill(os.getpid(), signal.SIGHUP)
assert interrupt.pending is None
"""
SWALLOWED = """
import os, signal
from netc.runtime.run.signals import Interrupt, ending_at_once
with ending_at_once():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        pass
    with Interrupt():
        pass
"""
LATE = """
import os, signal
from netc.runtime.run.signals import ending_at_once
with ending_at_once():
    pass
os.kill(os.getpid(), signal.SIGINT)
os.kill(os.getpid(), signal.SIGTERM)
"""


@pytest.mark.parametrize(
    ("text", "code"),
    [(TWICE, 143), (IGNORED, 0), (SWALLOWED, 130), (LATE, 0)],
    ids=[
        "a second one ends at once",
        "one that nohup ignores stays so",
        "one whose error is swallowed counts before training",
        "none counts when the work is done",
    ],
)
def test_what_signals_do(text: str, code: int) -> None:
    done = subprocess.run([sys.executable, "-c", text], timeout=50, check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (code, b"")


class Told:
    """Records what a run tells, and says to stop when it has been asked so often."""

    def __init__(self, asked: int) -> None:
        self.left = asked
        self.records: list[dict[str, Any]] = []
        self.saved: list[Position] = []

    def stop(self) -> bool:
        self.left -= 1
        return self.left <= 0

    def save(self, position: Position, improved: bool) -> None:
        self.saved.append(replace(position))

    def step(self, position: Position, loss: float, size: int) -> None: ...

    def epoch(self, record: dict[str, Any]) -> None:
        self.records.append(without_clocks(record))


def told(trainer: Trainer, asked: int, position: Position) -> tuple[bool, Told]:
    """Train one epoch of three steps, with a test of five batches."""
    x = np.random.default_rng(0).normal(size=(20, 12)).astype(np.float32)
    data = Dataset({"x": x, "y": np.arange(20) % 3})
    train, test = Dataset(data.arrays, np.arange(11)), Dataset(data.arrays, np.arange(3, 20))
    log = Told(asked)
    fit = Fit(trainer, train, test, Options(1, 4, 0), log.save, log, log.stop, position)
    return fit.run(), log


@pytest.mark.parametrize("asked", range(1, 9))
def test_each_step_and_each_batch_of_a_test_is_the_last_one_when_asked(asked: int) -> None:
    """Three steps and five batches ask eight times. The test of an epoch that was stopped in it is done again."""
    net = netc.loads(NETWORKS["dense"][0])
    whole = net.trainer(N=4, seed=3)
    done, wanted = told(whole, 100, Position())
    assert done
    trainer = net.trainer(N=4, seed=3)
    stopped, first = told(trainer, asked, Position())
    assert (stopped, first.records, len(first.saved)) == (False, [], 1)
    assert (first.saved[0].epoch, first.saved[0].index) == (0, min(4 * asked, 11))
    again, second = told(trainer, 100, first.saved[0])
    assert again
    assert second.records == wanted.records
    assert all(np.array_equal(whole.view(name), trainer.view(name)) for name in whole.state_dict())
