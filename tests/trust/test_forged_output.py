"""What the command line prints about a stranger's files cannot be taken for anything but netc's own words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import netc

GOOD = "net a {\n\tinput x: f32[N, 3, 8, 8]\n\tx -> relu\n}\n"
BAD = 'net a {\n\tinput x: f32[N, 3, 8, 8]\n\tx -> laier # ##[error]::error::\n}\nuse "::error::b.net"\n'
NAMES = [
    "a\n::error::forged.net",
    "::error::forged.net",
    " ::error::forged.net",
    "##[error]forged.net",
    "##vso[task.complete]forged.net",
    "\x1b[2J\x1b[31mforged.net",
    "\x1b]52;c;Zm9yZ2Vk\x07.net",
    "a\rok: forged.net",
    "a\u202etxt.net",
    "a\u2028ok: forged.net",
    os.fsdecode(b"\xff\xfeforged.net"),
]


def run(folder: Path, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "netc", *arguments]
    path = {"PYTHONPATH": str(Path(netc.__path__[0]).resolve().parent)}
    return subprocess.run(
        command, cwd=folder, env=os.environ | path, input=text, capture_output=True, encoding="utf-8", timeout=60
    )


def honest(text: str) -> bool:
    lines = text.split("\n")
    return all(line.isprintable() and not line.lstrip().startswith("::") and "##" not in _bare(line) for line in lines)


def _bare(line: str) -> str:
    """A line without `# #…`, which starts no command."""
    return line.replace("# #", "")


@pytest.mark.parametrize("form", ["full", "concise"])
def test_file_names_forge_nothing_in_check(tmp_path: Path, form: str) -> None:
    for text, status in ((GOOD, 0), (BAD, 1), (None, 2)):
        for name in NAMES:
            (tmp_path / name).unlink() if text is None else (tmp_path / name).write_text(text)
        done = run(tmp_path, "check", f"--output-format={form}", *NAMES)
        assert done.returncode == status
        assert done.stdout.count(".net") >= len(NAMES)
        assert honest(done.stdout)
        assert honest(done.stderr)


@pytest.mark.parametrize("name", NAMES[:2] + NAMES[6:7], ids=ascii)
def test_a_file_name_forges_nothing_in_analyze(tmp_path: Path, name: str) -> None:
    for text, status in ((GOOD, 0), (BAD, 1)):
        (tmp_path / name).write_text(text)
        done = run(tmp_path, "analyze", name)
        assert done.returncode == status
        assert honest(done.stdout)
        assert honest(done.stderr)


def test_the_name_given_to_standard_input_forges_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "check", "-", "--stdin-filename", "::error::forged", text=BAD)
    assert done.returncode == 1
    assert honest(done.stdout)
    assert ":\\x3aerror::forged:3:7" in done.stdout


def test_json_carries_the_names_and_github_one_command_a_line(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_text(BAD)
    done = run(tmp_path, "check", "--output-format=json", *NAMES)
    assert {diagnostic["file"] for diagnostic in json.loads(done.stdout)["diagnostics"]} == set(NAMES)
    done = run(tmp_path, "check", "--output-format=github", *NAMES)
    lines = done.stdout.strip().split("\n")
    assert len(lines) == 2 * len(NAMES)
    assert all(line.startswith("::error file=") and line.isprintable() for line in lines)


def test_a_secret_behind_a_link_is_not_quoted(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("extraheader = hunter2\n")
    (tmp_path / "a.net").symlink_to(".git/config")
    (tmp_path / "b.net").symlink_to("/proc/self/environ")
    (tmp_path / "c.net").write_text('use ".git/config"\nuse "a.net"\nuse "b.net"\n' + GOOD)
    done = run(tmp_path, "check", "a.net", "b.net", "c.net")
    assert done.returncode == 2
    assert "hunter2" not in done.stdout + done.stderr
    assert "PATH=" not in done.stdout + done.stderr
    assert done.stdout.count("error[outside]") == 5
