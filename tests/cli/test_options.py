"""The options that pick a network and a style, and standard input."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from .conftest import BAD, GOOD, Run

ESCAPE = "\x1b["


def totals(run: Run, *arguments: str, stdin: str | None = None) -> dict[str, int]:
    done = run("analyze", *arguments, "--format", "json", stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, int] = json.loads(done.stdout)["totals"]
    return found


def params(width: int) -> int:
    """Of the good spec: 3 × 3 × 3 × width and biases, and two sums of width maps."""
    return 27 * width + width + 2 * width + 2


def test_parameters_variants_and_sizes(netc_run: Run) -> None:
    assert totals(netc_run, "good.net")["params"] == params(4)
    assert totals(netc_run, "good.net", "--set", "width=7")["params"] == params(7)
    assert totals(netc_run, "good.net", "--set", "width=3 + 2")["params"] == params(5)
    assert totals(netc_run, "good.net", "--variant", "wide")["params"] == params(16)
    assert totals(netc_run, "good.net", "--variant", "wide", "--set", "width=2")["params"] == params(2)
    one = totals(netc_run, "good.net")["macs"]
    assert totals(netc_run, "good.net", "--dim", "N=32")["macs"] == 32 * one


def test_the_last_net_is_the_default_and_net_picks(netc_run: Run, folder: Path) -> None:
    text = "net a { input x: f32[N, 3]\n fc(1) }\nnet b { input x: f32[N, 3]\n fc(2) }\n"
    (folder / "two.net").write_text(text)
    assert totals(netc_run, "two.net")["params"] == 8
    assert totals(netc_run, "two.net", "--net", "a")["params"] == 4


def test_a_variants_name_stands_for_its_spec(netc_run: Run) -> None:
    assert totals(netc_run, "resnet34") == totals(netc_run, "resnet", "--variant", "resnet34")


def test_a_file_wins_over_nothing_and_a_bundled_name_over_a_file(netc_run: Run, folder: Path) -> None:
    (folder / "lenet5").write_text(GOOD)
    assert totals(netc_run, "lenet5")["params"] == 61_706
    assert totals(netc_run, "./lenet5")["params"] == params(4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("analyse", "good.net"), "there is no command `analyse`; did you mean `analyze`?"),
        (("nonsense",), "there is no command `nonsense`; `netc --help` lists them"),
        (("explain", "bad-arg"), "did you mean `bad-argument`?"),
        (("analyze", "good.net:wide"), "write `good.net --variant wide`"),
    ],
)
def test_a_misspelt_word_has_a_suggestion(netc_run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = netc_run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_standard_input(netc_run: Run) -> None:
    assert totals(netc_run, "-", stdin=GOOD)["params"] == params(4)
    done = netc_run("analyze", "-", stdin=BAD)
    assert (done.returncode, done.stdout) == (1, "")
    assert "<stdin>:4:3" in done.stderr
    done = netc_run("check", "-", "--stdin-filename", "folder/my.net", stdin=BAD)
    assert done.returncode == 1
    assert "folder/my.net:4:3" in done.stdout
    assert "<stdin>" not in done.stdout
    done = netc_run("analyze", "-", stdin="")
    assert done.returncode == 1
    assert "there is no net in this file" in done.stderr


def test_depth_and_explain(netc_run: Run) -> None:
    table = netc_run("analyze", "resnet18", "--depth", "1").stdout
    assert "basic1 " in table
    assert "basic1." not in table
    whole = netc_run("analyze", "good.net", "--explain").stdout
    one = netc_run("analyze", "good.net", "--explain", "conv1").stdout
    assert one.splitlines()[0] == whole.splitlines()[0] == "conv1"
    assert len(one) < len(whole)
    assert netc_run("analyze", "good.net", "--explain", "--format", "json").returncode == 2


@pytest.mark.parametrize("command", ["analyze", "check"])
def test_colour_is_for_terminals_and_when_asked_for(netc_run: Run, command: str) -> None:
    for spec in ("good.net", "bad.net"):
        for arguments, env in (((), {}), (("--color", "never"), {}), ((), {"NO_COLOR": "1"}), ((), {"TERM": "dumb"})):
            done = netc_run(command, spec, *arguments, env=env)
            assert ESCAPE not in done.stdout + done.stderr
    done = netc_run(command, "bad.net", "--color", "always", env={"NO_COLOR": "1"})
    assert ESCAPE in done.stdout + done.stderr


def test_the_coloured_table_says_the_same(netc_run: Run) -> None:
    import re

    plain = netc_run("analyze", "lenet5").stdout
    colour = netc_run("analyze", "lenet5", "--color", "always", env={"COLUMNS": "200"}).stdout
    assert ESCAPE in colour
    bare = re.sub(r"\x1b\[[0-9;]*m", "", colour)
    for word in re.findall(r"[\w.,×]+", plain):
        assert word in bare, word


LOCALES = [
    ("C", "ascii"),
    ("POSIX", None),
    ("de_DE.ISO-8859-1", "latin-1"),
    ("tr_TR.UTF-8", None),
    ("ja_JP.SJIS", "shift_jis"),
    ("nowhere", "utf-16"),
]


@pytest.mark.parametrize(("locale", "encoding"), LOCALES)
def test_the_output_has_the_same_bytes_in_every_locale(netc_run: Run, locale: str, encoding: str | None) -> None:
    env = {"LC_ALL": locale, "LANG": locale} | ({"PYTHONIOENCODING": encoding} if encoding else {})
    done = netc_run("analyze", "lenet5", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert "N×6×28×28" in done.stdout
    assert "--> bad.net:3:" in netc_run("check", "bad.net", env=env).stdout


def test_a_strangers_python_settings_change_nothing(netc_run: Run) -> None:
    env = {"PYTHONOPTIMIZE": "2", "PYTHONHASHSEED": "7", "PYTHONWARNINGS": "error"}
    plain = netc_run("analyze", "resnet18", "--format", "json")
    assert netc_run("analyze", "resnet18", "--format", "json", env=env).stdout == plain.stdout


def test_nothing_is_written(netc_run: Run, folder: Path) -> None:
    before = sorted(os.listdir(folder))
    netc_run("analyze", "good.net", env={"HOME": str(folder)})
    netc_run("check", "good.net", "bad.net", env={"HOME": str(folder)})
    assert sorted(os.listdir(folder)) == before
