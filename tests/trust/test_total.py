"""The language is hermetic: the same bytes give the same answer whatever the hash seed, locale, folder and clock."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import netc

PACKAGE = str(Path(netc.__path__[0]).resolve().parent)
MISTAKES = sorted((Path(__file__).parent.parent / "ui").glob("*.net"))
SPECS = sorted(path.stem for path in Path(netc.__path__[0]).joinpath("specs").glob("*.net"))
ENVIRONMENTS = (
    {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC"},
    {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu"},
    {"PYTHONHASHSEED": "12345", "LC_ALL": "tr_TR.ISO-8859-9", "TZ": "America/Caracas", "COLUMNS": "40", "TERM": "dumb"},
)


def run(folder: Path, environment: dict[str, str], *arguments: str) -> tuple[int, bytes, bytes]:
    """Exit code and output of netc in a folder, with no other environment than this."""
    clean = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": PACKAGE, **environment}
    done = subprocess.run([sys.executable, "-m", "netc", *arguments], cwd=folder, env=clean, capture_output=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.promise("P4", "commands in three environments", 7)
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--output-format=full", *(path.name for path in MISTAKES)),
        ("check", "--output-format=json", *(path.name for path in MISTAKES)),
        ("check", *SPECS),
        ("analyze", "googlenet"),
        ("analyze", "resnet50", "--format=json"),
        ("analyze", "several-in-a-broken-file.net"),
        ("layers",),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_the_same_bytes(arguments: tuple[str, ...], tmp_path: Path) -> None:
    folders = (tmp_path / "one", tmp_path / "zwei drei")
    for number, folder in enumerate(folders):
        folder.mkdir()
        # The folders list their files in another order.
        for path in MISTAKES[:: 1 - 2 * number]:
            (folder / path.name).write_bytes(path.read_bytes())
    first, *others = [
        run(folders[number % 2], environment, *arguments) for number, environment in enumerate(ENVIRONMENTS)
    ]
    assert first[1] or first[2]
    assert first[0] in (0, 1)
    assert all(other == first for other in others)
