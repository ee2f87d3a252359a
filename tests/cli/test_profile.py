"""`netc profile`: the table and the JSON, with operations by hand; no times, which are the machine's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from netc.compiler.cli.main import netc as cli

TRAINED = """net plain {
  input x: f32[N, 6]
  target label: i64[N]
  x -> fc(5) -> relu -> fc(3)
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1); batch = 7 }
}
"""
CELL = """net tagger {
  input x: i64[N, T]
  target y: i64[N, T]
  z = x -> embed(9, 4) -> gru(5) -> fc(9)
  output z
  train { loss = cross_entropy; optimizer = adam(lr = 0.1) }
}
"""
PREDICTED = "net plain {\n  input x: f32[N, 3, 8, 8]\n  conv(4, 3) -> relu -> flatten -> fc(2)\n}\n"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netc.runtime.roofline.SIDE", 32)
    monkeypatch.setattr("netc.runtime.roofline.COPIED", 1 << 12)


def run(folder: Path, text: str, *arguments: str) -> Result:
    (folder / "a.net").write_text(text)
    return CliRunner().invoke(cli, ["profile", str(folder / "a.net"), "--steps", "2", *arguments])


def parts(folder: Path, text: str, *arguments: str) -> dict[str, Any]:
    done = run(folder, text, "--format", "json", *arguments)
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_times_and_the_shares_add_up(tmp_path: Path) -> None:
    found = parts(tmp_path, TRAINED)
    assert found["spec"]["dims"] == {"N": 7}
    assert found["what"] == "step"
    assert sum(part["seconds"] for part in found["parts"]) == pytest.approx(found["seconds"], rel=1e-12)
    assert sum(part["share"] for part in found["parts"]) == pytest.approx(1, rel=1e-12)
    assert all(part["seconds"] > 0 for part in found["parts"])
    assert found["roofline"]["gflops"] > 0 < found["roofline"]["gbytes"]


def test_operations_by_hand(tmp_path: Path) -> None:
    found = parts(tmp_path, TRAINED, "--dim", "N=4")
    flops = {(part["stage"], part["layer"]): part["flops"] for part in found["parts"]}
    first, second = 4 * 6 * 5, 4 * 5 * 3
    assert flops == {
        ("forward", "fc1"): 2 * first + 4 * 5,
        ("forward", "relu1"): 4 * 5,
        ("forward", "fc2"): 2 * second + 4 * 3,
        ("backward", "fc2"): 4 * second + 4 * 3,
        ("backward", "relu1"): 4 * 5,
        ("backward", "fc1"): 2 * first + 4 * 5,  # no gradient by the input of the net
        ("update", None): None,
        ("inputs", None): None,
    }
    machine = found["roofline"]
    for part in found["parts"]:
        if part["flops"] is not None:
            assert part["gflops"] == pytest.approx(part["flops"] / part["seconds"] / 1e9)
            least = max(part["flops"] / machine["gflops"], part["bytes"] / machine["gbytes"]) / 1e9
            assert part["roof"] == pytest.approx(least / part["seconds"])


def test_a_cell_is_one_row_with_its_equations(tmp_path: Path) -> None:
    found = parts(tmp_path, CELL, "--dim", "N=3", "--dim", "T=4")
    for stage in ("forward", "backward"):
        layers = [part["op"] for part in found["parts"] if part["stage"] == stage]
        assert sorted(layers) == ["embed", "fc", "gru"]


def test_a_net_without_a_train_block_is_measured_in_a_prediction(tmp_path: Path) -> None:
    found = parts(tmp_path, PREDICTED)
    assert found["what"] == "prediction"
    assert {part["stage"] for part in found["parts"]} == {"forward", "inputs"}
    assert "a prediction at N = 2, float32\n" in run(tmp_path, PREDICTED, "--dim", "N=2").stdout


def test_the_table_has_a_sum_for_each_stage(tmp_path: Path) -> None:
    done = run(tmp_path, TRAINED)
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "plain: a step of training at N = 7, float32"
    assert lines[2].split() == ["layer", "kind", "time", "share", "bytes", "FLOPs", "GFLOP/s", "GB/s", "roof"]
    rows = [line.split()[0] for line in lines[4 : lines.index(lines[3], 4)] if line]
    assert rows == ["forward", "fc1", "relu1", "fc2", "backward", "fc2", "relu1", "fc1", "update", "inputs"]
    assert "  100.0 %" in next(line for line in lines if line.startswith("total"))


def test_values_made_again_are_a_stage_of_their_own(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        cli, ["profile", "digits", "--dim", "N=64", "--memory-budget", "4MiB", "--steps", "1", "--format", "json"]
    )
    assert done.exit_code == 0, done.stderr
    again = [part for part in json.loads(done.stdout)["parts"] if part["stage"] == "again"]
    assert again
    assert all(part["flops"] is None and part["bytes"] > 0 for part in again)


@pytest.mark.parametrize(
    ("text", "arguments", "status", "words"),
    [
        (CELL.replace("[N, T]", "[N, 2*T]"), (), 1, "error[unbound-dimension]"),
        (TRAINED, ("--memory-budget", "10"), 1, "error[over-budget]"),
        (TRAINED.replace("fc(3)", "fcc(3)"), (), 1, "`fcc`"),
        (TRAINED, ("--steps", "0"), 2, "--steps"),
        (TRAINED, ("--format", "csv"), 2, "csv"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, arguments: tuple[str, ...], status: int, words: str) -> None:
    done = run(tmp_path, text, *arguments)
    assert done.exit_code == status, done.stdout
    assert words in done.stderr
    assert done.stdout == ""


def test_the_title_tells_the_steps_of_a_chunk_from_those_of_the_sequences(tmp_path: Path) -> None:
    text = CELL.replace("adam(lr = 0.1)", "adam(lr = 0.1); unroll = 3")
    whole, chunks = run(tmp_path, CELL, "--dim", "T=8"), run(tmp_path, text, "--dim", "T=8")
    assert "at N = 32, T = 8, float32" in whole.stdout
    assert "at N = 32, T = 3 of 8 (`unroll`), float32" in chunks.stdout
    assert "T = 3, float32" in run(tmp_path, text, "--dim", "T=3").stdout
