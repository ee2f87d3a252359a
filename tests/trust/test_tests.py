"""The tests are tested: known bugs and small faults, put into a copy of the package, turn tests red."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import Promise
from ..mutation.bugs import BUGS, ROOT
from ..mutation.faults import fault, sites
from ..mutation.known import EQUIVALENT


@pytest.mark.parametrize(("path", "change"), EQUIVALENT)
def test_what_is_said_to_change_nothing_is_a_fault_of_its_module(path: str, change: str) -> None:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    assert any(fault(path, tree, site).change == change for site in sites(tree))


@pytest.mark.trust
@pytest.mark.promise("P21", "known bugs put back, found by tests of random inputs and properties", 10)
@pytest.mark.parametrize("name", BUGS)
def test_a_known_bug_is_found(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutation.bugs", name], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.trust
@pytest.mark.promise("P21", "small faults, against the tests of their module", 12, share=0.8)
def test_faults_are_found(tmp_path: Path, promise: Promise) -> None:
    """A few of those whose many docs/soak/mutants.md records."""
    page = tmp_path / "mutants.md"
    files = ("--out", str(page), "--record", str(tmp_path / "record"))
    command = [sys.executable, "-m", "tests.mutation", "--seed", "1", "--count", "16", "--jobs", "2", *files]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    found = re.search(r"Found are \*\*(\d+) of (\d+)", page.read_text("utf-8"))
    assert found is not None
    promise(int(found[2]), failed=int(found[2]) - int(found[1]))
