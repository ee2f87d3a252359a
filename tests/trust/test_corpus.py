"""Every entry of the hostile corpus ends in figures or in a short report: no traceback, no bug, nothing of a secret."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

import netc as package
from netc.compiler.cli.main import netc
from netc.compiler.diagnostics.render import REPORT_LINES

from ..conftest import Promise
from . import files_corpus, sizes_corpus
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


def run(arguments: Sequence[str], spec: Path) -> tuple[int, str, str, float, float]:
    """The exit code, the output, and the seconds of processor time and mebibytes that the whole program takes."""
    folder = spec.parent.parent
    environment = os.environ | {"PYTHONPATH": str(Path(package.__path__[0]).resolve().parent)}
    begin = time.monotonic()
    with (folder / "out").open("wb") as stdout, (folder / "err").open("wb") as stderr:
        child = subprocess.Popen(
            [sys.executable, "-m", "netc", *arguments, "a.net"],
            cwd=spec.parent, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
        )  # fmt: skip
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - begin > 60:
                child.kill()
            time.sleep(0.01)
    child.returncode = os.waitstatus_to_exitcode(status)
    out, err = ((folder / name).read_text("utf-8") for name in ("out", "err"))
    return child.returncode, out, err, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def bounded(entry: Entry, seconds: float, mebibytes: float, promise: Promise) -> None:
    promise(**{"many_layers_seconds" if entry.many_layers else "seconds": seconds, "mib": mebibytes})
    assert seconds < (MANY_LAYERS_SECONDS if entry.many_layers else SECONDS)
    assert mebibytes < MEBIBYTES


@pytest.mark.trust
@pytest.mark.promise("P1", "hostile specs, by the command", 200)
@pytest.mark.promise("P2", "hostile specs, by the command", 200)
@pytest.mark.parametrize("name", ENTRIES)
def test_bounded(name: str, folder: Path, promise: Promise) -> None:
    """The whole program, in time and memory."""
    entry = ENTRIES[name]
    status, out, err, seconds, mebibytes = run(["analyze"], entry.write(folder))
    in_order(status, out, err, entry)
    bounded(entry, seconds, mebibytes, promise)


@pytest.mark.trust
@pytest.mark.promise("P2", "the larger ones of them, by other commands", 500)
@pytest.mark.parametrize("command", ["check", "fmt --check", "expand"])
@pytest.mark.parametrize("name", [name for name, entry in ENTRIES.items() if entry.large])
def test_other_commands_are_bounded(name: str, command: str, folder: Path, promise: Promise) -> None:
    entry = ENTRIES[name]
    status, out, err, seconds, mebibytes = run(command.split(), entry.write(folder))
    assert status in (0, 1, 2), err
    assert "Traceback" not in err
    assert "hunter2" not in out + err
    assert err.count("\n") <= REPORT_LINES
    bounded(entry, seconds, mebibytes, promise)
