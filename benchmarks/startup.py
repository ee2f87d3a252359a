"""Start-up and scaling: the wall time of netc against a bare Python, and the seconds that large networks take.

    python -m benchmarks.startup [--write]

Run it with an interpreter that has netc installed from a wheel: a checkout that was never compiled is slower.
`--write` records the figures in benchmarks/RESULTS.md. The exit code is 1 when a figure is over its bound.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .results import environment, machine, record, table

ROUNDS = 20
NETC = [str(Path(sys.executable).with_name("netc"))]
BARE = [sys.executable, "-c", "pass"]
# Command, and the most that its time may be in units of a bare Python.
STARTS = {("--help",): 8, ("analyze", "lenet5"): 15, ("analyze", "resnet152"): 40}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure, with its unit and the most that it may be (None: no bound)."""

    what: str
    value: float
    unit: str
    bound: float | None

    @property
    def over(self) -> bool:
        return self.bound is not None and self.value > self.bound

    def row(self) -> list[str]:
        bound = "" if self.bound is None else f"{self.bound:g}{self.unit}"
        return [self.what, f"{self.value:.2f}{self.unit}", bound]


def seconds(command: list[str], folder: Path) -> float:
    """The wall time of a process. Raises CalledProcessError when it fails."""
    begin = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment(), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def starts(folder: Path) -> list[Figure]:
    """Medians over rounds in which all commands take turns, so that what else the machine does meets all of them."""
    commands = [BARE, *([*NETC, *arguments] for arguments in STARTS)]
    times: list[list[float]] = [[] for _ in commands]
    for turn in range(ROUNDS + 1):
        for place, command in enumerate(commands):
            took = seconds(command, folder)
            if turn:  # the first one fills the disk cache
                times[place].append(took)
    bare, *others = map(median, times)
    rows = [Figure("`python -c pass`", bare * 1000, " ms", None)]
    for (arguments, bound), took in zip(STARTS.items(), others, strict=True):
        rows.append(Figure(f"`netc {' '.join(arguments)}`", took / bare, "×", bound))
    return rows


def repeated(layers: int) -> str:
    """A network of so many layers, by repeating a block of two."""
    block = "block unit(maps) { conv(maps, 3, pad = same) -> relu }"
    return f"{block}\nnet deep {{\n  input x: f32[N, 8, 16, 16]\n  repeat {layers // 2} {{ unit(8) }}\n}}\n"


def written(layers: int) -> str:
    """The same with every layer written out; 28,000 are near the limit of 100,000 tokens."""
    return "net deep {\n  input x: f32[N, 8]\n" + "  fc(8) -> relu\n" * (layers // 2) + "}\n"


def scaling(folder: Path) -> list[Figure]:
    """The best of three runs each, and what twice the layers cost."""
    rows = []
    for what, make, layers, bound in (
        ("a repeated block", repeated, 20_000, 5.0),
        ("written out", written, 28_000, 7.0),
        ("a repeated block", repeated, 100_000, 20.0),
    ):
        took = []
        for size in (layers // 2, layers):
            path = folder / f"deep{size}.net"
            path.write_text(make(size))
            took.append(min(seconds([*NETC, "analyze", path.name], folder) for _ in range(3)))
        rows.append(Figure(f"{layers:,} layers, {what}", took[1], " s", bound))
        rows.append(Figure(f"{layers:,} against {layers // 2:,} layers", took[1] / took[0], "×", 2.5))
    return rows


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        figures = [*starts(Path(name)), *scaling(Path(name))]
    text = table(["what", "measured", "at most"], [figure.row() for figure in figures])
    print(text)
    if "--write" in sys.argv[1:]:
        head = (
            f"By `benchmarks/startup.py`: {machine()}. Starts are medians of {ROUNDS} runs in units of a bare Python "
            "of the same environment; large networks the best of three."
        )
        record("Start-up and scaling", f"{head}\n\n{text}")
    for figure in figures:
        if figure.over:
            print(f"over its bound: {figure.what}", file=sys.stderr)
    return int(any(figure.over for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
