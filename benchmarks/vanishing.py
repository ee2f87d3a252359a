"""How gradients vanish: docs/vanishing.svg, from `netc train --log-gradients` on docs/recurrent.md's recall.net.

`python benchmarks/vanishing.py` trains the three networks of the plot in a temporary folder from five seeds each, says
what they reach, and draws the norm of the gradient of the loss by the state, at each step back from the last, after the
first epoch from the first seed.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

DOCS = Path(__file__).parents[1] / "docs"
STEPS = 60
SEEDS = 5
# What each run is called, the options that make it, and the state whose gradients are drawn, with its colour.
RUNS = {
    "Elman, h": ([], "elman1.h", "#d9534f"),
    "LSTM, c": (["--set", "memory=lstm"], "lstm1.c", "#4c8bf5"),
    "LSTM, c, forget gate open at first": (["--variant", "lasting"], "lstm1.c", "#3a9d5d"),
}
# The plot: its edges in pixels, and the decades that it shows.
LEFT, RIGHT, TOP, BOTTOM = 60, 520, 50, 250
LOW, HIGH = -18, 0


def recall(path: Path) -> None:
    """A thousand series of noise; the first step shows which of four classes it is."""
    rng = np.random.default_rng(0)
    label = rng.integers(4, size=1000)
    series = rng.normal(0, 0.3, (1000, STEPS, 4))
    series[:, 0] = np.eye(4)[label]
    np.savez(path, series=series, label=label)


def spec() -> str:
    """The text of recall.net in the docs."""
    page = (DOCS / "recurrent.md").read_text("utf-8")
    return next(block for block in page.split("```net\n") if block.startswith("# recall.net")).split("```")[0]


def train(folder: Path, options: Sequence[str], state: str, seed: int) -> tuple[list[float], float]:
    """The norms of the gradients after the first epoch of a run, from the last step back; its accuracy at the end."""
    out = Path(tempfile.mkdtemp(dir=folder))
    command = [sys.executable, "-m", "netc", "train", "recall.net", "--data", "recall.npz", "--val-split", "0.2"]
    command += [*options, "--seed", str(seed), "--log-gradients", "--out", str(out)]
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    first = json.loads((out / "gradients.jsonl").read_text().splitlines()[0])
    last = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
    return [float(norm) for norm in first["norms"][state][::-1]], last["held_out_accuracy"]


def plot(curves: Mapping[str, Sequence[float]]) -> str:
    """The curves as SVG, with a logarithmic axis."""

    def across(step: int) -> float:
        return LEFT + (RIGHT - LEFT) * step / (STEPS - 1)

    def down(norm: float) -> float:
        decade = max(math.log10(norm), LOW) if norm > 0 else LOW
        return TOP + (BOTTOM - TOP) * (HIGH - decade) / (HIGH - LOW)

    title = f"Norm of the gradient by the state, up to {STEPS - 1} steps back"
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 350" font-family="sans-serif" font-size="12">',
        f"<title>{title}</title>",
        f'<text x="{LEFT}" y="34">{title}, after the first epoch</text>',
        f'<rect x="{LEFT}" y="{TOP}" width="{RIGHT - LEFT}" height="{BOTTOM - TOP}" fill="#f4f5f7" stroke="#c3c9d0"/>',
    ]
    for decade in range(LOW, HIGH + 1, 3):
        y = down(10.0**decade)
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">1e{decade}</text>')
    for step in range(0, STEPS, 10):
        lines.append(f'<text x="{across(step):.0f}" y="{BOTTOM + 18}" text-anchor="middle">{step}</text>')
    lines.append(f'<text x="{RIGHT}" y="{BOTTOM + 34}" text-anchor="end">steps back</text>')
    for place, (name, norms) in enumerate(curves.items()):
        colour = RUNS[name][2]
        points = " ".join(f"{across(step):.0f},{down(norm):.1f}" for step, norm in enumerate(norms))
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = BOTTOM + 52 + 16 * place
        lines.append(f'<rect x="{LEFT}" y="{y - 9}" width="12" height="10" fill="{colour}"/>')
        lines.append(f'<text x="{LEFT + 18}" y="{y}">{name}</text>')
    return "\n".join([*lines, "</svg>", ""])


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        recall(folder / "recall.npz")
        (folder / "recall.net").write_text(spec(), "utf-8")
        curves = {}
        for name, (options, state, _) in RUNS.items():
            found = [train(folder, options, state, seed) for seed in range(1, SEEDS + 1)]
            norms = curves[name] = found[0][0]
            reached = ", ".join(f"{accuracy:.0%}" for _, accuracy in found)
            print(f"{name}: {norms[0]:.1e} at the last step, {norms[-1]:.1e} at the first; {reached}", flush=True)
    (DOCS / "vanishing.svg").write_text(plot(curves), "utf-8")


if __name__ == "__main__":
    main()
