"""Running the command line as users do: in a process of its own, or in this one where only the words matter."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import netc

PACKAGE = str(Path(netc.__path__[0]).resolve().parent)
Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]

GOOD = """net small(width = 4) {
  input x: f32[N, 3, 8, 8]
  conv(width, 3) -> relu
  global_avgpool -> flatten
  logits = fc(2)
  output logits
  variant wide { width = 16 }
}
"""
BAD = "net broken {\n  input x: f32[N, 3, 8, 8]\n  conv(4, 9)\n  convv(4, 3)\n}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good spec and a bad one."""
    (tmp_path / "good.net").write_text(GOOD)
    (tmp_path / "bad.net").write_text(BAD)
    return tmp_path


@pytest.fixture
def netc_run(folder: Path) -> Run:
    """`netc_run("analyze", "good.net", stdin=…, env={…})` in that folder."""

    def run(*arguments: str, stdin: str | None = None, env: dict[str, str] | None = None) -> Done:
        plain = {
            name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM", "LC_ALL", "LANG")
        }
        return subprocess.run(
            [sys.executable, "-m", "netc", *arguments],
            cwd=folder,
            env=plain | {"PYTHONPATH": PACKAGE} | (env or {}),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return run
