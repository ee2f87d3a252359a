"""Every entry of the hostile corpus ends in figures or in a short report: no traceback, no bug, nothing of a secret."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

import netc as package
from netc.compiler.cli.main import netc
from netc.compiler.diagnostics.render import REPORT_LINES

from ..conftest import Promise
from .corpus import ENTRIES, Entry

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


@pytest.mark.trust
@pytest.mark.promise("P1", "hostile specs, by the command", 200)
@pytest.mark.promise("P2", "hostile specs, by the command", 200)
@pytest.mark.parametrize("name", ENTRIES)
def test_bounded(name: str, folder: Path, promise: Promise) -> None:
    """The whole program, in time and memory."""
    entry = ENTRIES[name]
    spec = entry.write(folder)
    out, err = folder.parent / "out", folder.parent / "err"
    environment = os.environ | {"PYTHONPATH": str(Path(package.__path__[0]).resolve().parent)}
    begin = time.monotonic()
    with out.open("wb") as stdout, err.open("wb") as stderr:
        child = subprocess.Popen(
            [sys.executable, "-m", "netc", "analyze", "a.net"],
            cwd=spec.parent, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
        )  # fmt: skip
        used = 0.0
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            used = usage.ru_utime + usage.ru_stime
            if pid:
                break
            if time.monotonic() - begin > 60:
                child.kill()
            time.sleep(0.01)
    child.returncode = os.waitstatus_to_exitcode(status)
    mebibytes = usage.ru_maxrss / 1024
    promise(**{"many_layers_seconds" if entry.many_layers else "seconds": used, "mib": mebibytes})
    in_order(child.returncode, out.read_text("utf-8"), err.read_text("utf-8"), entry)
    assert used < (MANY_LAYERS_SECONDS if entry.many_layers else SECONDS)
    assert mebibytes < MEBIBYTES
