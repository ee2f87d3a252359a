"""What a failing disk does to a run, at each of the calls that it makes: it says so in one line and loses nothing.

A run that ended goes on to the same bytes as one that was left alone, and has lost no more than the epoch it was in.
"""

from __future__ import annotations

import errno
import random
import re
import shutil
from pathlib import Path

import pytest

from ..conftest import Promise
from .runs import Ended, Forks, arguments, calls, plan, results

# A disk that is full or read-only stays so.
LASTING = [str(errno.ENOSPC), str(errno.EROFS)]
KINDS = [str(code) for code in (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO)] + ["short"]
ERROR = re.compile(r"^(/\S+: )?error\[cannot-write\]: [^\n]+$")


class Disk:
    """A run of one network on a disk that fails, and what it must come to."""

    def __init__(self, runs: Forks, name: str, *more: str) -> None:
        self.runs, self.name, self.more = runs, name, more
        self.folder = runs.place / "disk" / name
        self.calls = calls(runs, self.given("--out"), self.cleared())
        self.wanted = results(self.folder)

    def given(self, option: str) -> list[str]:
        return arguments(self.runs.place, self.name, option, str(self.folder), *self.more)

    def cleared(self) -> Path:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.parent.mkdir(exist_ok=True)
        return self.folder

    def fails(self, at: int, kind: str, *, stays: bool) -> None:
        """Start a run whose call with this number fails, and every later one too if it stays so; then go on."""
        self.cleared()
        ended = self.runs.run(self.given("--out"), plan=plan(self.folder, at, kind, stays=stays))
        where = f"call {at}, {self.calls[at]}, kind {kind}: {ended}"
        finished = [line for line in ended.said.splitlines() if line.startswith("epoch")]
        if ended.code == 0:
            # What a write leaves over is written next; a disk that does not tell its room may have it; a checkpoint
            # that cannot be removed stays; a lock goes with its process.
            assert kind == "short" or self.calls[at] in ("statvfs", "unlink", "close"), where
            assert results(self.folder) == self.wanted | {"steps": results(self.folder)["steps"]}, where
            return
        assert one_error(ended), where
        kept = list(self.folder.glob("checkpoints/step-*"))
        again = self.runs.run(self.given("--resume" if self.folder.exists() else "--out"))
        assert again.code == 0, (where, again)
        if kept:
            (step,) = re.findall(r"resuming from step (\d+)", again.said)
            assert int(step) >= self.wanted["metrics"][0]["step"] * (len(finished) - 1), (where, again)
        else:
            assert len(finished) <= 1, (where, again)
        assert results(self.folder) == self.wanted, where


def one_error(ended: Ended) -> bool:
    """A command that ended with 2, after one line with a code and one with the way out."""
    said = [line for line in ended.said.splitlines() if not line.startswith("epoch")]
    return ended.code == 2 and len(said) == 2 and bool(ERROR.match(said[0])) and said[1].startswith("  help: ")


def test_whatever_call_fails_nothing_is_lost(runs: Forks) -> None:
    disk = Disk(runs, "dense", "--epochs", "3")
    # What was asked for and the metrics; a checkpoint for each epoch; the weights at the end. The best come beside.
    assert disk.calls.count("replace") >= 5 + 3 + 1
    assert {"mkdir", "open", "write", "fsync", "close", "unlink", "fstat", "statvfs"} <= set(disk.calls)
    rng = random.Random(1)
    for kind in (*KINDS, *KINDS):
        disk.fails(rng.randrange(len(disk.calls)), kind, stays=kind in LASTING and rng.random() < 0.5)


@pytest.mark.trust
@pytest.mark.promise("P11", "calls of a run that fail, by four errors and cut short, once or for good", 1000)
@pytest.mark.parametrize("kind", KINDS)
def test_every_call_of_a_run_that_fails_loses_nothing(kind: str, runs: Forks, promise: Promise) -> None:
    disk = Disk(runs, "dense", "--epochs", "3")
    tried = [(at, stays) for at in range(len(disk.calls)) for stays in ((False, True) if kind in LASTING else (False,))]
    for at, stays in tried:
        disk.fails(at, kind, stays=stays)
    promise(len(tried))
