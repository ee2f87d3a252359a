"""`--tier`: which commands take it, what says which tier it was, and the way out where the extra is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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


SMALL = """net small {
  input text: i64[N, T]
  target next: i64[N, T]
  embed(5, 3) -> elman(4) -> fc(5)
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1) }
}
"""
TWO_STEPS = f"""
import numpy as np, netc
trainer = netc.loads({SMALL!r}, tier="fast").trainer(N=2, T=3)
batch = {{name: np.arange(6).reshape(2, 3) % 5 for name in ("text", "next")}}
print([trainer.step(**batch).hex() for _ in range(2)])
"""


def test_what_is_compiled_is_kept_where_the_user_says(tmp_path: Path) -> None:
    """A loop over steps, chains of elementwise statements, and kernels: a second process compiles none of them anew."""

    def run() -> tuple[str, dict[Path, int]]:
        environment = os.environ | {"NETC_CACHE_DIR": str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", TWO_STEPS], env=environment, stdout=subprocess.PIPE, text=True)
        assert done.returncode == 0
        return done.stdout, {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}

    first, kept = run()
    names = " ".join(path.name for path in kept)
    assert "losses." in names
    assert names.count("compiled.run_") >= 6
    assert run() == (first, kept)


def test_a_folder_that_cannot_keep_it_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    environment = os.environ | {"NETC_CACHE_DIR": str(tmp_path / "file")}
    command = [sys.executable, "-m", "netc", "bench", "mlp", "--tier", "fast"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        2,
        f"{tmp_path / 'file'}: error[cannot-write]: compiled kernels cannot be kept here: not a directory\n"
        "  help: name another one in `NETC_CACHE_DIR`, or leave it out\n",
    )
