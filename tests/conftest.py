"""What all tests share: `--bless` and texts compared with files, tiers, `--figures` and promises proven."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import asdict
from difflib import unified_diff
from pathlib import Path
from typing import Any, cast

import pytest

from netc.compiler.graph.tiers import TIERS

from .trust.promises import Figure, Proof, save

Snapshot = Callable[[str, str], None]
Promise = Callable[..., None]
FIGURE = pytest.StashKey[Figure]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="write what the tests got as what they expect; then read it")
    parser.addoption("--figures", action="store_true", help="write into docs/trust.md what proofs came to")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--figures") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Figures())


@pytest.fixture(params=TIERS)
def tier(request: pytest.FixtureRequest) -> str:
    """A test that asks for it runs in every tier of emission."""
    return str(request.param)


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> Snapshot:
    """`snapshot(text, name)` compares a text with `snapshots/NAME` beside the test's file; `--bless` writes it."""
    folder = Path(request.path).parent / "snapshots"
    bless = bool(request.config.getoption("--bless"))

    def check(text: str, name: str) -> None:
        path = folder / name
        wanted = path.read_bytes().decode("utf-8") if path.is_file() else None
        text = text.removesuffix("\n") + "\n"
        if bless:
            if text != wanted:
                folder.mkdir(exist_ok=True)
                path.write_bytes(text.encode("utf-8"))
            return
        if wanted is None:
            pytest.fail(f"there is no snapshot {path.name}; write it with --bless, and read it")
        if text != wanted:
            lines = unified_diff(wanted.splitlines(), text.splitlines(), f"{name} expected", f"{name} got", lineterm="")
            pytest.fail("\n".join(lines), pytrace=False)

    return check


@pytest.fixture
def promise(request: pytest.FixtureRequest) -> Promise:
    """What a test with the mark `promise` found: `promise(trials, failed=0, seconds=…, mib=…, …)`, where the largest of
    each further number is kept. A test that says nothing is one trial."""

    def say(trials: int = 1, failed: int = 0, **most: float) -> None:
        known = request.node.stash.get(FIGURE, Figure())
        numbers = {name: float(value) for name, value in most.items()}
        request.node.stash[FIGURE] = known.plus(Figure(int(trials), int(failed), most=numbers))

    return say


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put what a test found into its report, which reaches the session also from another process."""
    report = yield
    said = item.stash.get(FIGURE, None) if call.when == "call" else Figure()
    if report.failed:
        figure = (said or Figure(1, 1)).plus(Figure(red=1))
    elif call.when == "call" and report.passed:
        figure = said or Figure(1)
    else:
        return report
    for mark in item.iter_markers("promise"):
        report.user_properties.append(("promise", (Proof(*mark.args, **mark.kwargs).key, asdict(figure))))
    return report


class Figures:
    """Adds up what all tests of a session found, and writes it at its end."""

    def __init__(self) -> None:
        self.seen: dict[str, Figure] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == "promise":
                key, figure = cast(tuple[str, dict[str, Any]], value)
                self.seen[key] = self.seen.get(key, Figure()).plus(Figure(**figure))

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            save(self.seen)
