"""What all tests share: `--bless`, and texts compared with files."""

from __future__ import annotations

from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path

import pytest

Snapshot = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="write what the tests got as what they expect; then read it")


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
