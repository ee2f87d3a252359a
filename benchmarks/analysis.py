"""`netc analyze resnet152` against the same figures from PyTorch: whole processes.

    python -m benchmarks.analysis [--write]

Needs torch and torchinfo beside netc. The exit code is 1 when netc is not ten times as fast.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from .results import environment, machine, record, table

ROUNDS = 7
PARAMETERS = "60,192,808"
AT_LEAST = 10
NETC = [str(Path(sys.executable).with_name("netc")), "analyze", "resnet152"]
THEIRS = """
from torchinfo import summary
from benchmarks.modules import resnet152
summary(resnet152(), (1, 3, 224, 224), device="cpu", verbose=1)
"""


def seconds(command: list[str]) -> float:
    """The wall time of a process. Raises AssertionError when it prints another count of parameters."""
    start = time.perf_counter()
    done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, text=True, check=True)
    took = time.perf_counter() - start
    assert re.search(rf"\b{PARAMETERS}\b", done.stdout), done.stdout
    return took


def main() -> int:
    commands = {"`netc analyze resnet152`": NETC, "PyTorch and torchinfo": [sys.executable, "-c", THEIRS]}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(ROUNDS + 1):
        for name, command in commands.items():
            took = seconds(command)
            if turn:  # the first one fills the disk cache
                times[name].append(took)
    own, other = map(median, times.values())
    text = table(
        ["whole process", "time", "as long as netc"],
        [[name, f"{1e3 * median(found):.0f} ms", f"{median(found) / own:.1f}×"] for name, found in times.items()],
    )
    print(text)
    if "--write" in sys.argv[1:]:
        head = f"By `benchmarks/analysis.py`: {machine()}. Medians of {ROUNDS} runs in turn."
        record("Analysis", f"{head}\n\n{text}")
    return int(other < AT_LEAST * own)


if __name__ == "__main__":
    sys.exit(main())
