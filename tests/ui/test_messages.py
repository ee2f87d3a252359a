"""What netc says about files with mistakes: `NAME.txt` holds, in full, the messages about `NAME.net`.

`pytest tests/ui --bless` writes what netc says now; then read it as somebody who made the mistake.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from netc.compiler.diagnostics.codes import CODES
from netc.compiler.diagnostics.diagnostic import Diagnostic
from netc.compiler.diagnostics.render import full
from netc.compiler.driver import Request, compile_spec

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.net"))
# What no text alone can cause: the command line, files and their bytes do.
ELSEWHERE = {"budget", "encoding", "missing-file", "not-a-file", "too-large", "unreadable", "control-character"}
ELSEWHERE |= {"not-expandable"}


def found(path: Path) -> tuple[Diagnostic, ...]:
    """All that `netc check NAME.net` finds in the file's folder."""
    return compile_spec(Request(path.name, every=True)).diagnostics


@pytest.fixture(autouse=True)
def _in_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)


@pytest.mark.promise("P20", "typical mistakes, to the letter", 60)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_message(path: Path, request: pytest.FixtureRequest) -> None:
    text = "\n\n".join(full(diagnostic) for diagnostic in found(path)) + "\n"
    wanted = path.with_suffix(".txt")
    if request.config.getoption("--bless"):
        wanted.write_text(text, "utf-8", newline="\n")
    assert wanted.is_file(), f"there is no {wanted.name}: write it with --bless, and read it"
    assert text == wanted.read_text("utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_message_has_a_way_out(path: Path) -> None:
    diagnostics = found(path)
    assert diagnostics
    for diagnostic in diagnostics:
        assert diagnostic.help, diagnostic.message
        assert not diagnostic.message[0].isupper()
        assert not diagnostic.message.endswith(".")


def test_every_code_that_a_text_can_cause_is_here() -> None:
    assert {diagnostic.code for path in FILES for diagnostic in found(path)} | ELSEWHERE == set(CODES)


def test_every_message_has_its_mistake() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in FILES}
