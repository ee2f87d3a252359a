"""docs/trust.md is what the marks of the tests and the figures of their last run make; each promise has proofs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ..trust import promises
from ..trust.promises import PROMISES, Figure, Proof, proofs

ROOT = Path(__file__).parents[2]


def test_every_promise_has_proofs_and_they_are_there() -> None:
    wanted = {f"P{number}" for number in (*range(1, 15), 17, 20, 21)}
    found = proofs()
    assert set(PROMISES) == wanted
    assert {proof.promise for proof in found} == wanted
    for test in (test for proof in found for test in proof.tests):
        path, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / path).read_text("utf-8")


def test_the_page_is_fresh(pytestconfig: pytest.Config) -> None:
    text = promises.page()
    if pytestconfig.getoption("--bless"):
        promises.PAGE.write_text(text, "utf-8")
    assert promises.PAGE.read_text("utf-8") == text


@pytest.mark.parametrize(
    ("figure", "share", "reached"),
    [
        (Figure(200), 1, True),
        (Figure(199), 1, False),
        (Figure(300, 1), 1, False),
        (Figure(300, 29), 0.9, True),
        (Figure(300, 31), 0.9, False),
        (Figure(300, red=1), 1, False),
        (None, 1, False),
    ],
)
def test_what_is_not_reached_is_said(
    figure: Figure | None, share: float, reached: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = Proof("P1", "specs", 200, share, ("tests/x.py::test_x",))
    monkeypatch.setattr(promises, "proofs", lambda: [proof])
    monkeypatch.setattr(promises, "load", lambda: {proof.key: figure} if figure else {})
    assert ("**not reached**" in promises.page().partition("## P1")[2]) is not reached


def test_figures_add_up_and_the_largest_is_kept() -> None:
    one, two = Figure(2, 1, most={"seconds": 3, "mib": 5}), Figure(5, most={"seconds": 4})
    assert one.plus(two) == Figure(7, 1, most={"seconds": 4, "mib": 5})


PROBE = """
import pytest

@pytest.mark.promise("P1", "said", 5)
@pytest.mark.parametrize("number", range(3))
def test_said(number, promise):
    promise(2, seconds=number)

@pytest.mark.promise("P1", "silent", 2)
@pytest.mark.parametrize("number", range(3))
def test_silent(number):
    assert number < 2

@pytest.mark.promise("P1", "said and failed", 2)
def test_said_and_failed(promise):
    promise(10, failed=3)
    assert False
"""


@pytest.mark.parametrize("processes", ["0", "2"])
def test_a_session_adds_up_what_its_tests_say(processes: str, tmp_path: Path) -> None:
    """With a copy of the plugin beside tests of its own, in one process and in two."""
    for name in ("__init__.py", "trust/__init__.py", "test_probe.py", "conftest.py", "trust/promises.py"):
        (tmp_path / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        own = ROOT / "tests" / name
        (tmp_path / "tests" / name).write_text(PROBE if name == "test_probe.py" else own.read_text("utf-8"), "utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "tests/trust/figures.json").write_text('{"machine": "", "figures": {}}', "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  promise: x\naddopts = --import-mode=importlib\n")
    command = [sys.executable, "-m", "pytest", "-q", "-n", processes, "--figures", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert "2 failed, 5 passed" in done.stdout, done.stdout
    page = (tmp_path / "docs/trust.md").read_text("utf-8")
    rows = {line.split(" | ")[0]: line for line in page.split("\n") if line.startswith("| sa") or "silent" in line}
    assert "| 5 | 6, 0 failed; at most 2 s |" in rows["| said"]
    assert "**not reached**: 3, 1 failed; a test failed" in rows["| silent"]
    assert "**not reached**: 10, 3 failed; a test failed" in rows["| said and failed"]
