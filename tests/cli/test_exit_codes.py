"""What the exit codes say, and that no mistake of a user ends in a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from netc.compiler.cli import main as cli

from .conftest import PACKAGE, Run


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("analyze", "--help"),
        ("analyze", "good.net"),
        ("analyze", "lenet5"),
        ("check", "good.net", "lenet5"),
        ("check", "good.net", "--max-params", "1K", "--max-macs", "1M"),
    ],
)
def test_0_is_fine(netc_run: Run, arguments: tuple[str, ...]) -> None:
    done = netc_run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("analyze", "bad.net"), "`convv`"),
        (("check", "bad.net"), "`convv`"),
        (("check", "good.net", "bad.net"), "`convv`"),
        (("check", "good.net", "--max-params", "100"), "the budget is 100"),
        (("check", "good.net", "--max-macs", "10"), "the budget is 10"),
        (("analyze", "good.net", "--net", "other"), "there is no net `other`"),
        (("analyze", "good.net", "--variant", "other"), "no net here has a variant `other`"),
        (("analyze", "good.net", "--set", "wdth=3"), "no parameter `wdth`"),
        (("analyze", "good.net", "--set", "width=("), "is not a value"),
    ],
)
def test_1_is_an_error_in_the_input_or_a_budget(netc_run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = netc_run(*arguments)
    assert done.returncode == 1
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    # A check's report is its result; analyze has none, and reports beside it.
    assert bool(done.stdout) == (arguments[0] == "check")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Usage"),
        (("nothing",), "there is no command `nothing`"),
        (("analyze",), "Missing argument"),
        (("check",), "Missing argument"),
        (("analyze", "good.net", "more"), "unexpected extra argument"),
        (("analyze", "good.net", "--nothing"), "No such option"),
        (("analyze", "good.net", "--format", "xml"), "'xml'"),
        (("analyze", "good.net", "--depth", "0"), "0"),
        (("analyze", "good.net", "--set", "width"), "NAME=VALUE"),
        (("analyze", "good.net", "--dim", "N"), "NAME=VALUE"),
        (("analyze", "good.net", "--dim", "N=0"), "from 1 to"),
        (("analyze", "good.net", "--dim", "N=-1"), "from 1 to"),
        (("analyze", "good.net", "--dim", "N=1.5"), "from 1 to"),
        (("analyze", "good.net", "--dim", "N=" + "9" * 5000), "from 1 to"),
        (("analyze", "good.net", "--dim", "N=２"), "from 1 to"),
        (("analyze", "good.net", "--limit", "layers"), "limit `layers`"),
        (("analyze", "good.net", "--limit", "nothing=1"), "there is no limit `nothing`"),
        (("analyze", "good.net", "--explain", "conv7"), "there is no layer `conv7`"),
        (("analyze", "good.net", "--color", "pink"), "pink"),
        (("train", "digits", "--data", "digits", "--limit", "0"), "a number of samples, from 1 up"),
        (("train", "digits", "--data", "digits", "--limit", "9" * 5000), "a number of samples, from 1 up"),
        (("check", "good.net", "--max-params", "many"), "1.2M"),
        (("check", "good.net", "--max-params", "1.0005K"), "not a whole amount"),
        (("check", "good.net", "--max-params", "60,000,000"), "write 60_000_000"),
        (("check", "good.net", "--max-params", "60,00"), "1.2M"),
        (("check", "good.net", "--max-params", "1e3K"), "1.2M"),
        (("check", "good.net", "--max-params", "5k"), "write 5K; K, M, G are powers of 1000"),
        (("check", "good.net", "--max-memory", "1.5gb"), "write 1.5GiB or 1.5G; K, M, G are powers of 1000"),
        (("analyze", "good.net", "--budget", "500 mib"), "write 500MiB; K, M, G are powers of 1000"),
        (("check", "good.net", "--max-macs", "-1"), "1.2M"),
        (("check", "good.net", "--max-memory", "1XB"), "64MiB"),
        (("analyze", "missing.net"), "missing.net"),
        (("analyze", "lenet6"), "did you mean `lenet5`"),
        (("check", "missing.net"), "missing.net"),
        (("check", "good.net", "missing.net"), "missing.net"),
        (("analyze", "."), "`.`"),
        (("check", "."), "name the `.net` files in it: `./*.net`"),
        (("fmt", "resnet18"), "`resnet18` is the name of a bundled spec, which is in its canonical form"),
        (("fmt", "resnet17"), "there is no file `resnet17`\n"),
        (("analyze", ""), ""),
        (("analyze", "/dev/null/x.net"), "x.net"),
        (("analyze", "a" * 5000 + ".net"), "error[unreadable]"),
    ],
)
def test_2_is_wrong_usage_or_an_unreadable_file(netc_run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = netc_run(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_2_a_file_without_permission(netc_run: Run, folder: Path) -> None:
    (folder / "good.net").chmod(0)
    done = netc_run("analyze", "good.net")
    assert done.returncode == 2
    assert "permission" in done.stderr.lower()


def test_3_is_a_bug_and_names_its_place(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(**_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(cli.netc, "main", broken)
    assert cli._run() == 3
    assert "netc: this is a bug in netc: ZeroDivisionError at test_exit_codes.py:" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["analyze", "vgg19"], ["analyze", "vgg19", "--format", "json"], ["--help"]])
@pytest.mark.parametrize("read", [0, 1])
def test_a_reader_that_stops_is_no_error_to_speak_of(arguments: list[str], read: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "netc", *arguments],
        env=os.environ | {"PYTHONPATH": PACKAGE},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(read)
    process.stdout.close()
    with process.stderr as errors:
        said = errors.read()
    process.wait(60)
    assert said == b""
