"""A command as a process of its own: how it ends, what it says, and what it takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import netc

# Runs a command from a small process: a child's peak memory is at least that of the process that started it.
LAUNCH = """
import json, resource, subprocess, sys
status = subprocess.run(sys.argv[2:], timeout=600).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
open(sys.argv[1], "w").write(json.dumps([status, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


@dataclass(frozen=True)
class Ended:
    """The exit code, both streams, the seconds of processor time and the peak of memory in MiB."""

    status: int
    out: str
    err: str
    seconds: float
    mebibytes: float


def measured(folder: Path, beside: Path, *arguments: str) -> Ended:
    """Python with these arguments in a folder; files with the name of `beside` and an ending are written for it."""
    out, err, figures = (beside.with_name(f"{beside.name}.{what}") for what in ("out", "err", "figures"))
    environment = os.environ | {"PYTHONPATH": str(Path(netc.__path__[0]).resolve().parent)}
    command = [sys.executable, "-S", "-c", LAUNCH, str(figures), sys.executable, *arguments]
    with out.open("wb") as stdout, err.open("wb") as stderr:
        subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, check=True
        )
    status, seconds, mebibytes = json.loads(figures.read_text())
    return Ended(status, out.read_text("utf-8"), err.read_text("utf-8"), seconds, mebibytes)
