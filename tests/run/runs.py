"""Small runs of training that hold all that a run carries from step to step, and what is left of them at their end."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

DENSE = """net dense {
  input x: f32[N, 12]
  target y: i64[N]
  fc(10, bias = no) -> batchnorm -> relu -> dropout(0.3)
  fc(3)
  train { loss = cross_entropy; optimizer = adam(lr = 0.01); schedule = cosine; batch = 8; epochs = 4; seed = 5 }
}
"""
IMAGES = """net images {
  input x: f32[N, 1, 6, 6]
  target y: i64[N]
  conv(3, 3) -> batchnorm -> relu -> maxpool(2) -> dropout(0.2)
  flatten -> fc(3)
  train {
    loss = cross_entropy; optimizer = sgd(lr = 0.05, momentum = 0.9, nesterov = yes, weight_decay = 0.01)
    schedule = step(factor = 0.5, every = 2); batch = 16; epochs = 3
  }
}
"""
CHARS = """net chars {
  input text: i64[N, T]
  target next: i64[N, T]
  embed(8, 4) -> lstm(5) -> dropout(0.2)
  fc(8)
  train { loss = cross_entropy; optimizer = rmsprop(lr = 0.02, momentum = 0.5); batch = 4; epochs = 3; unroll = 4 }
}
"""
WHOLE = """net whole {
  input x: f64[N, 12]
  target y: f64[N, 2]
  fc(6) -> tanh -> dropout(0.1) -> fc(2)
  train {
    loss = mse; optimizer = adamw(lr = 0.01, weight_decay = 0.1); clip_norm = 0.5
    schedule = [warmup(2), exponential(decay = 0.9, every = 1)]; epochs = 6
  }
}
"""
NETWORKS = {
    "dense": (DENSE, "classes.npz", ("--val-split", "0.2")),
    "images": (IMAGES, "images.npz", ("--val-split", "0.25", "--seed", "3")),
    "chars": (CHARS, "text.txt", ("--seq-len", "10", "--val-split", "0.2", "--log-gradients")),
    "whole": (WHOLE, "numbers.npz", ()),
}


def make(place: Path) -> None:
    """Write the specs and their data."""
    rng = np.random.default_rng(0)
    for name, (spec, _, _) in NETWORKS.items():
        (place / f"{name}.net").write_text(spec)
    x = rng.normal(size=(50, 12)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64) + (x[:, 1] > 0.5)
    np.savez(place / "classes.npz", x=x, y=y)
    np.savez(place / "images.npz", x=rng.normal(size=(50, 1, 6, 6)).astype(np.float32), y=y)
    np.savez(place / "numbers.npz", x=x.astype(np.float64), y=x[:, :2].astype(np.float64) ** 2)
    (place / "text.txt").write_text("abcdefghfedcba" * 9)


def arguments(place: Path, name: str, *more: str) -> list[str]:
    """The command line that trains a network."""
    _, data, options = NETWORKS[name]
    return ["train", str(place / f"{name}.net"), "--data", str(place / data), *options, *more]


def results(folder: Path) -> dict[str, Any]:
    """What a finished run leaves, without what clocks have said."""
    last = sorted((folder / "checkpoints").glob("step-*"))
    return {
        "last": (folder / "last.safetensors").read_bytes(),
        "best": (folder / "best.safetensors").read_bytes(),
        # A disk that fails behind the last one keeps those before it from being removed.
        "steps": [path.name for path in last][-2:],
        "checkpoint": last[-1].read_bytes(),
        "metrics": [without_clocks(json.loads(line)) for line in lines(folder / "metrics.jsonl")],
        "table": [without_clocks(row) for row in csv.DictReader(lines(folder / "metrics.csv"))],
        "gradients": lines(folder / "gradients.jsonl"),
    }


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def without_clocks(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if "second" not in name}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code, that of the signal below 0, and what it wrote to standard error."""

    code: int
    said: str


@dataclass(slots=True)
class Forks:
    """Runs commands as children of a process that has imported netc; see `forks.py`."""

    place: Path
    process: subprocess.Popen[str]
    _told: str = field(default="")

    def start(self, given: list[str], *, plan: dict[str, Any] | None = None, every_step: bool = False) -> int:
        """Start a command; returns its process id."""
        assert self.process.stdin is not None
        request = {"arguments": given, "plan": plan, "every_step": every_step, "said": str(self.place / "said")}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return int(self._answer())

    def end(self) -> Ended:
        """Wait until it has ended."""
        code = int(self._answer())
        return Ended(code, (self.place / "said").read_text(errors="replace"))

    def run(self, given: list[str], *, plan: dict[str, Any] | None = None, every_step: bool = False) -> Ended:
        self.start(given, plan=plan, every_step=every_step)
        return self.end()

    def signalled(self, given: list[str], moments: list[tuple[float, int]], *, every_step: bool = False) -> Ended:
        """Run a command and send it signals, each so many seconds after the one before."""
        pid = self.start(given, every_step=every_step)
        gone = threading.Event()

        def send() -> None:
            for seconds, number in moments:
                if gone.wait(seconds):
                    return
                os.kill(pid, number)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            return self.end()
        finally:
            gone.set()
            sender.join()

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@contextmanager
def forks(place: Path) -> Iterator[Forks]:
    """A place with the networks and their data, and the process that runs them."""
    make(place)
    dry = [arguments(place, name, "--out", "nowhere", "--dry-run") for name in NETWORKS]
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("forks.py")), json.dumps(dry)],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        while process.stdout.readline() not in ("ready\n", ""):
            continue
        yield Forks(place, process)
        process.stdin.close()


def plan(folder: Path, at: int, kind: str, *, stays: bool = False, count: str = "") -> dict[str, Any]:
    """What is to fail: see `Faults`."""
    return {"folder": str(folder), "at": at, "kind": kind, "stays": stays, "count": count}


def calls(runs: Forks, given: list[str], folder: Path, *, every_step: bool = False) -> list[str]:
    """The calls that an undisturbed run makes in its folder, in order."""
    count = runs.place / "count"
    ended = runs.run(given, plan=plan(folder, -1, "count", count=str(count)), every_step=every_step)
    assert ended.code == 0, ended.said
    return count.read_text().split()
