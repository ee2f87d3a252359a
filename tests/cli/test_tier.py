"""`--tier`: which commands take it, what says which tier it was, and the way out where the extra is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import netc
from netc.compiler.cli.main import netc as cli
from netc.runtime import tiers
from netc.runtime.errors import RunError

TRAIN = ("train", "digits", "--data", "digits", "--epochs", "1", "--limit", "128", "--tier", "fast")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if Numba were not installed."""
    monkeypatch.setattr(tiers, "find_spec", lambda name: None if name == "numba" else object())


@pytest.mark.parametrize("arguments", [TRAIN, (*TRAIN, "--dry-run"), ("bench", "digits", "--tier", "fast")])
def test_a_missing_extra_is_an_error_with_a_way_out(arguments: tuple[str, ...], bare: None) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-2:] == [
        "error[missing-extra]: the tier `fast` needs numba",
        "  help: install the extra: `pip install 'netc[fast]'`",
    ]


def test_what_runs_no_kernel_needs_no_extra(bare: None) -> None:
    assert run("analyze", "digits", "--tier", "fast").exit_code == 0
    assert "kernels.fast.norm import" in run("emit", "digits", "--tier", "fast").stdout
    with pytest.raises(RunError, match="numba"):
        netc.load("digits", tier="fast").trainer(N=4)


def test_a_run_says_its_tier(tmp_path: Path) -> None:
    done = run(*TRAIN, "--out", str(tmp_path / "run"))
    assert done.exit_code == 0, done.stderr
    assert json.loads((tmp_path / "run" / "args.json").read_text())["tier"] == "fast"
    more = run("train", "digits", "--resume", str(tmp_path / "run"), "--epochs", "2")
    assert more.exit_code == 0, more.stderr
    assert json.loads((tmp_path / "run" / "args.json").read_text())["tier"] == "fast"
    assert run("eval", "digits", "--data", "digits", "--weights", str(tmp_path / "run")).exit_code == 0


@pytest.mark.parametrize("tier", ["numpy", "fast"])
def test_figures_say_their_tier_and_are_those_of_its_program(tier: str) -> None:
    found: dict[str, Any] = json.loads(
        run("analyze", "digits", "--dim", "N=64", "--format", "json", "--tier", tier).stdout
    )
    assert found["memory"]["tier"] == tier
    trainer = netc.load("digits", tier=tier).trainer(N=64)
    assert found["memory"]["training"]["total"] == trainer.arena.nbytes


def test_plain_programs_name_no_compiled_kernel() -> None:
    assert "fast" not in run("emit", "digits").stdout


def test_there_is_no_other_tier() -> None:
    assert run("analyze", "digits", "--tier", "slow").exit_code == 2
    with pytest.raises(ValueError, match="numpy or fast"):
        netc.load("digits", tier="slow")


def test_models_and_programs_that_stand_alone_have_no_tier(tmp_path: Path) -> None:
    assert run("emit", "digits", "--tier", "fast", "--standalone").exit_code == 2
    assert run("bench", str(tmp_path / "m.onnx"), "--tier", "fast").exit_code == 2
