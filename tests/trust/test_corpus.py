"""Every entry of the hostile corpus ends in figures or in a short report: no traceback, no bug, nothing of a secret."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from netc.compiler.cli.main import netc
from netc.compiler.diagnostics.render import REPORT_LINES

from ..conftest import Promise
from . import files_corpus, sizes_corpus
from .measured import Ended, measured
from .spec import Entry

ENTRIES = files_corpus.ENTRIES | sizes_corpus.ENTRIES
SECRET = "token = hunter2"
SMALL = [name for name, entry in ENTRIES.items() if not entry.large]
# Promise P2 of the design: what is accepted or refused, in seconds and in bytes; 20 s is for 100,000 expanded layers.
SECONDS, MANY_LAYERS_SECONDS, MEBIBYTES = 5, 20, 300


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder beside which secrets lie."""
    for name in ("secret.net", "secret.txt"):
        (tmp_path / name).write_text(SECRET + "\n")
    return tmp_path / "work"


def in_order(status: int, out: str, err: str, entry: Entry) -> None:
    """Exit code as expected; a failure says in few lines what is wrong, and where when there is a text."""
    assert status == entry.status, err
    assert "hunter2" not in out + err
    assert "Traceback" not in err
    assert err.count("\n") <= REPORT_LINES
    assert err.replace("\n", "").isprintable()
    assert ("error[" not in err) if status == 0 else re.match(r"(error|warning)\[[a-z-]+\]: ", err)
    if status == 1:
        assert re.search(r"--> .*:\d+:\d+$", err, re.MULTILINE)


def test_the_corpus_is_large() -> None:
    assert len(ENTRIES) >= 400
    assert {entry.status for entry in ENTRIES.values()} == {0, 1, 2}


@pytest.mark.parametrize("name", SMALL)
def test_small(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = ENTRIES[name]
    monkeypatch.chdir(entry.write(folder).parent)
    done = CliRunner().invoke(netc, ["analyze", "a.net"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    in_order(done.exit_code, done.stdout, done.stderr, entry)


def bounded(entry: Entry, folder: Path, command: str, promise: Promise) -> Ended:
    """The command on an entry, within its seconds and its memory."""
    entry.write(folder)
    ended = measured(folder, folder, "-m", "netc", *command.split(), "a.net")
    promise(**{"many_layers_seconds" if entry.many_layers else "seconds": ended.seconds, "mib": ended.mebibytes})
    assert ended.seconds < (MANY_LAYERS_SECONDS if entry.many_layers else SECONDS)
    assert ended.mebibytes < MEBIBYTES
    return ended


@pytest.mark.trust
@pytest.mark.promise("P1", "hostile specs, by the command", 200)
@pytest.mark.promise("P2", "hostile specs, by the command", 200)
@pytest.mark.parametrize("name", ENTRIES)
def test_bounded(name: str, folder: Path, promise: Promise) -> None:
    """The whole program, in time and memory."""
    entry = ENTRIES[name]
    ended = bounded(entry, folder, "analyze", promise)
    in_order(ended.status, ended.out, ended.err, entry)


@pytest.mark.trust
@pytest.mark.promise("P2", "the larger ones of them, by other commands", 500)
@pytest.mark.parametrize("command", ["check", "fmt --check", "expand"])
@pytest.mark.parametrize("name", [name for name, entry in ENTRIES.items() if entry.large])
def test_other_commands_are_bounded(name: str, command: str, folder: Path, promise: Promise) -> None:
    ended = bounded(ENTRIES[name], folder, command, promise)
    assert ended.status in (0, 1, 2), ended.err
    assert "Traceback" not in ended.err
    assert "hunter2" not in ended.out + ended.err
    assert ended.err.count("\n") <= REPORT_LINES
