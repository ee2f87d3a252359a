"""A run folder remembers how its data are read: who resumes, evaluates or predicts need not say so again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from netc.compiler.cli.main import netc

SPEC = """
net next_letter {
  input text: i64[N, T]
  target next: i64[N, T]
  embed(12, 4) -> elman(8)
  logits = fc(12)
  output logits
  train { loss = cross_entropy; optimizer = adam(lr = 0.01); epochs = 9; seed = 5 }
}
"""

OPTIONS = "--data a.txt --seq-len 7 --val-split 0.2 --seed 3 --batch 16"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(netc, list(arguments))


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of two epochs, in a folder with its spec and its text."""
    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text(SPEC)
    Path("a.txt").write_text("the cat sat on a hat " * 30)
    assert run("train", "a.net", *OPTIONS.split(), "--epochs", "2", "--out", "run").exit_code == 0
    return tmp_path / "run"


def test_a_resumed_run_has_the_options_that_it_began_with(begun: Path) -> None:
    before = json.loads((begun / "args.json").read_text())
    done = run("train", "a.net", "--resume", "run", "--epochs", "3")
    assert done.exit_code == 0, done.output
    after = json.loads((begun / "args.json").read_text())
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"out", "resume", "epochs"}
    assert after["epochs"] == 3
    # To the same bytes as a run of three epochs that was not stopped.
    assert run("train", "a.net", *OPTIONS.split(), "--epochs", "3", "--out", "whole").exit_code == 0
    assert (begun / "last.safetensors").read_bytes() == Path("whole/last.safetensors").read_bytes()


def test_a_resumed_run_is_of_the_same_network(begun: Path) -> None:
    text = SPEC.replace("next_letter", "next_letter(units = 8)").replace("elman(8)", "elman(units)")
    Path("b.net").write_text(text)
    given = [*OPTIONS.split(), "--set", "units=5", "--dim", "T=7", "--memory-budget", "64MiB"]
    assert run("train", "b.net", *given, "--epochs", "1", "--out", "small").exit_code == 0
    done = run("train", "b.net", "--resume", "small", "--epochs", "2")
    assert done.exit_code == 0, done.output
    kept = json.loads(Path("small/args.json").read_text())
    assert (kept["sets"], kept["dims"], kept["memory_budget"]) == ([["units", "5"]], [["T", 7]], 64 * 2**20)


@pytest.mark.parametrize(
    ("name", "value"), [("sets", 3), ("sets", [["units"]]), ("dims", [["T", "7"]]), ("dtype", "int8"), ("seed", -1)]
)
def test_an_option_that_cannot_be_is_left_out(begun: Path, name: str, value: object) -> None:
    kept = json.loads((begun / "args.json").read_text())
    (begun / "args.json").write_text(json.dumps(kept | {name: value}))
    done = run("train", "a.net", "--resume", "run", "--epochs", "3")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("weights", ["run", "run/last.safetensors"])
def test_eval_and_predict_cut_a_text_as_the_run_did(begun: Path, weights: str) -> None:
    given = ("a.net", "--weights", weights, "--data", "a.txt")
    assert run("eval", *given).stdout == run("eval", *given, "--seq-len", "7").stdout != ""
    assert run("eval", *given, "--seq-len", "5").stdout != run("eval", *given).stdout
    assert run("predict", *given, "-o", "out.npz").exit_code == 0


@pytest.mark.parametrize("text", ["", "[]", "{", '{"seq_len": "7"}', '{"seq_len": true}', '{"seq_len": 0}'])
def test_what_cannot_be_read_is_not_remembered(begun: Path, text: str) -> None:
    (begun / "args.json").write_text(text)
    done = run("eval", "a.net", "--weights", "run", "--data", "a.txt")
    assert done.exit_code == 1
    assert "write `--seq-len 100`" in done.output
    done = run("train", "a.net", "--resume", "run")
    assert done.exit_code == 2
    assert "say what to train on" in done.output


def test_data_without_their_option(begun: Path) -> None:
    for command in ("train", "eval", "predict"):
        done = run(command, "a.net", "a.txt")
        assert done.exit_code == 2
        assert "write `--data a.txt`" in done.output


def test_a_sequence_to_check_gradients_on_has_three_steps(begun: Path) -> None:
    assert run("gradcheck", "a.net").stdout == run("gradcheck", "a.net", "--dim", "T=3").stdout != ""
    assert run("gradcheck", "a.net", "--dim", "T=5").exit_code == 0
    assert run("gradcheck", "mlp", "--samples", "2").exit_code == 0


def test_a_table_of_what_is_no_table(begun: Path) -> None:
    done = run("predict", "a.net", "--weights", "run", "--data", "a.txt", "-o", "out.csv")
    assert "a .csv has one row of numbers for each" in done.output
    assert "write an .npz file" in done.output
