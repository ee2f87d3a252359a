"""Runs that are killed at any moment go on to the same bytes as one that is left alone.

`NETC_KILLS=1000 make trust` sets how many trials the long test makes.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Promise
from .runs import NETWORKS, Forks, arguments, calls, plan, results

PARTS = 4
KILLS = 5


class Trials:
    """Trials with one network, each in a folder of its own."""

    def __init__(self, runs: Forks, name: str, seed: int) -> None:
        self.runs, self.name, self.random = runs, name, random.Random(seed)
        self.kills = 0
        whole = self.fresh("whole")
        # The command as a process of its own, which the forked ones must equal.
        alone = [sys.executable, "-m", "netc", *arguments(runs.place, name, "--out", str(whole))]
        subprocess.run(alone, check=True, capture_output=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
        self.wanted = results(whole)
        self.calls, self.seconds = {}, {}
        for every_step in (False, True):
            counted = self.fresh("counted")
            begun = time.monotonic()
            given = arguments(runs.place, name, "--out", str(counted))
            self.calls[every_step] = len(calls(runs, given, counted, every_step=every_step))
            self.seconds[every_step] = time.monotonic() - begun
            assert comparable(results(counted), every_step) == comparable(self.wanted, every_step)

    def fresh(self, name: str) -> Path:
        folder = self.runs.place / self.name / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(exist_ok=True)
        return folder

    def trial(self) -> None:
        """A run with up to five kills, half of them at a moment of the clock, half at a call of the system: in the
        middle of a write, or between a file's last byte and its name."""
        folder, every_step = self.fresh("trial"), self.random.random() < 0.5
        begun = False
        for _ in range(self.random.randint(1, KILLS)):
            option = "--resume" if begun else "--out"
            given = arguments(self.runs.place, self.name, option, str(folder))
            if self.random.random() < 0.5:
                at = self.random.randrange(self.calls[every_step])
                ended = self.runs.run(given, plan=plan(folder, at, "kill"), every_step=every_step)
            else:
                moment = self.random.uniform(0, self.seconds[every_step])
                ended = self.runs.signalled(given, [(moment, signal.SIGKILL)], every_step=every_step)
                if ended.code == 0:
                    # It was over before: a run takes less time than the one that was measured.
                    self.seconds[every_step] *= 0.8
            assert ended.code in (0, -signal.SIGKILL), ended.said
            self.kills += ended.code != 0
            begun = folder.exists()
        option = "--resume" if begun else "--out"
        ended = self.runs.run(arguments(self.runs.place, self.name, option, str(folder)), every_step=every_step)
        assert ended.code == 0, ended.said
        assert comparable(results(folder), every_step) == comparable(self.wanted, every_step)


def comparable(found: dict[str, Any], every_step: bool) -> dict[str, Any]:
    """With a checkpoint after each step another one is kept beside the last."""
    return found | {"steps": found["steps"][-1:]} if every_step else found


@pytest.mark.parametrize("name", NETWORKS)
def test_a_killed_run_goes_on_to_the_same_bytes(name: str, runs: Forks) -> None:
    trials = Trials(runs, name, 1)
    for _ in range(2):
        trials.trial()
    assert trials.kills


@pytest.mark.trust
@pytest.mark.promise("P10", "runs killed up to five times, by the clock and at calls of the system", 100)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_hundred_killed_runs_go_on_to_the_same_bytes(part: int, runs: Forks, promise: Promise) -> None:
    trials = Trials(runs, list(NETWORKS)[part], 2 + part)
    count = int(os.environ.get("NETC_KILLS", 100)) // PARTS
    for _ in range(count):
        trials.trial()
    assert trials.kills > count
    promise(count, kills_of_a_network=trials.kills)
