"""What netc promises, the tests that prove it, and the page of figures which the last run of them reached.

A test proves a promise by its mark, `@pytest.mark.promise("P1", "hostile specs", 200)`: the promise, what is tried, and
how many trials are asked. `share` is the part of them that has to succeed, where it is not all. The marks are read from
the text of the tests, so they are written out.
"""

from __future__ import annotations

import ast
import json
import platform
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from importlib.metadata import version
from os import cpu_count
from pathlib import Path

TESTS = Path(__file__).parents[1]
FIGURES, PAGE = Path(__file__).with_name("figures.json"), TESTS.parent / "docs" / "trust.md"

PROMISES = {
    "P1": "Any bytes as a spec end in figures or in at most 25 lines that name the place; no traceback, no signal.",
    "P2": "Analysis takes at most 5 s and 300 MiB for a file of up to 100,000 tokens and 20,000 layers, 20 s for "
    "100,000 layers; twice the text takes at most 2.3 times the work.",
    "P3": "Every limit has a name in `netc limits`, holds to the number, and is set by `--limit NAME=VALUE`.",
    "P4": "The language is total and hermetic: the same bytes give the same output, whatever the hash seed, locale, "
    "time zone and folder.",
    "P5": "Analysis is exact: shapes, parameters and memory are those of the run, as whole numbers.",
    "P6": "Gradients are those of central differences within 1e-6 of the largest entry, in float64; a rule that is "
    "broken is found.",
    "P7": "Training is PyTorch's: 50 steps, losses within 1e-6, relative, in float64.",
    "P8": "An exported model is the NumPy program in ONNX Runtime, within 1e-5 of the largest entry.",
    "P9": "For |x| ≤ 1e4, functions and losses are finite, and within 1e-6 · max(1, |y|) in float32 and 1e-14 · "
    "max(1, |y|) in float64 of a reference with 50 digits; batch norm in training that many times |mean| / deviation "
    "where a channel's mean is larger.",
    "P10": "Killed at any moment and resumed, a run ends with the same bytes.",
    "P11": "A save that fails at any call loses at most what came after the checkpoint before it.",
    "P12": "Any flipped bit in a checkpoint is found; the one before it is used, and that is said.",
    "P13": "Loading data and checkpoints runs no code.",
    "P14": "The same command gives the same bytes: weights, models, analysis, programs.",
    "P17": "SIGINT and SIGTERM end a run within a step and 2 s, with a checkpoint, and 130 or 143.",
    "P20": "Diagnostics are right: exact for typical mistakes, and near the edit for random ones.",
    "P21": "The tests are tested: seeded faults are found, and branches are run.",
}
UNITS = {"seconds": "s", "mib": "MiB"}


@dataclass(frozen=True, slots=True)
class Proof:
    """A mark: `asked` trials, of which at least `share` succeed; `tests` are the places of the tests that have it."""

    promise: str
    what: str
    asked: int
    share: float = 1.0
    tests: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.promise} {self.what}"


@dataclass(frozen=True, slots=True)
class Figure:
    """What the tests of a proof came to: trials, those that failed, tests that did, and the largest of what else was
    measured, by name."""

    trials: int = 0
    failed: int = 0
    red: int = 0
    most: dict[str, float] = field(default_factory=dict)
    date: str = ""

    def plus(self, other: Figure) -> Figure:
        most = {name: max(f.most.get(name, 0.0) for f in (self, other)) for name in (self.most | other.most)}
        counts = (self.trials + other.trials, self.failed + other.failed, self.red + other.red)
        return Figure(*counts, most, other.date or self.date)

    def reaches(self, proof: Proof) -> bool:
        enough = self.trials >= max(proof.asked, 1)
        return enough and not self.red and self.trials - self.failed >= proof.share * self.trials


def proofs(folder: Path = TESTS) -> list[Proof]:
    """All marks in the tests of a folder, in the order of the promises."""
    found: dict[str, Proof] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            for mark in map(_mark, node.decorator_list):
                if mark is not None:
                    proof = found.setdefault(mark.key, mark)
                    if (proof.asked, proof.share) != (mark.asked, mark.share):
                        raise ValueError(f"{path.name}: {mark.key} is asked for in two ways")
                    test = f"{path.relative_to(folder.parent).as_posix()}::{node.name}"
                    found[mark.key] = replace(proof, tests=(*proof.tests, test))
    order = list(PROMISES)
    return sorted(found.values(), key=lambda proof: (order.index(proof.promise), proof.what))


def _mark(node: ast.expr) -> Proof | None:
    if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.promise"):
        return None
    words = {word.arg or "": ast.literal_eval(word.value) for word in node.keywords}
    return Proof(*map(ast.literal_eval, node.args), **words)


def load() -> dict[str, Figure]:
    """The figures of the last runs, by the key of their proof."""
    return {key: Figure(**figure) for key, figure in json.loads(FIGURES.read_text("utf-8"))["figures"].items()}


def save(seen: dict[str, Figure]) -> None:
    """Put what a run has seen in the place of what was known, and write the page."""
    today = date.today().isoformat()
    known = load() | {key: replace(figure, date=today) for key, figure in seen.items()}
    kept = {proof.key: asdict(known[proof.key]) for proof in proofs() if proof.key in known}
    machine = (
        f"Python {platform.python_version()}, NumPy {version('numpy')}, onnxruntime {version('onnxruntime')}, "
        f"{platform.system()} {platform.machine()}, {cpu_count()} cores"
    )
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(figure)}" for key, figure in kept.items())
    FIGURES.write_text(f'{{\n "machine": {json.dumps(machine)},\n "figures": {{\n{lines}\n }}\n}}\n', "utf-8")
    PAGE.write_text(page(), "utf-8")


HEAD = """# Promises and figures

What netc promises, and what the last run of the tests that prove it came to. [SECURITY.md](../SECURITY.md) says what is
held to be hostile, and what is not promised.

    make trust

runs all of them and writes this page; `python -m pytest -m "" TEST` runs one, and with `--figures` it writes its row.
A row is **not reached** when there were fewer trials than asked, more of them failed than may, or a test did. Longer
runs, made by hand, have their logs in [soak](soak).

Measured with {machine}.

"""


def page() -> str:
    """The text of docs/trust.md."""
    known, rows = load(), proofs()
    text = [HEAD.format(machine=json.loads(FIGURES.read_text("utf-8"))["machine"])]
    for promise, sentence in PROMISES.items():
        text.append(f"## {promise}\n\n{sentence}\n\n")
        found = [_row(proof, known.get(proof.key)) for proof in rows if proof.promise == promise]
        head = "| tried | asked | reached | on | test |\n| --- | --- | --- | --- | --- |\n"
        text += [head, *found, "\n"] if found else ["**Not reached**: no test proves it yet.\n\n"]
    return "".join(text).removesuffix("\n")


def _row(proof: Proof, figure: Figure | None) -> str:
    asked = f"{proof.asked:,}" + (f", {proof.share:.0%} of them right" if proof.share < 1 else "")
    tests = "<br>".join(f"`{test}`" for test in proof.tests)
    if figure is None:
        return f"| {proof.what} | {asked} | **not reached**: not run yet | | {tests} |\n"
    said = [f"{figure.trials:,}, {figure.failed:,} failed"]
    if proof.share < 1 and figure.trials:
        said.append(f"{(figure.trials - figure.failed) / figure.trials:.1%} right")
    said += [_most(name, value) for name, value in sorted(figure.most.items())]
    reached = "; ".join(said)
    if not figure.reaches(proof):
        reached = f"**not reached**: {reached}" + ("; a test failed" if figure.red else "")
    return f"| {proof.what} | {asked} | {reached} | {figure.date} | {tests} |\n"


def _most(name: str, value: float) -> str:
    shown = f"{value:.1e}" if value and not 1e-3 <= value < 1e6 else f"{value:.3g}"
    return f"at most {shown} {UNITS[name]}" if name in UNITS else f"largest {name.replace('_', ' ')} {shown}"
