"""A run folder remembers how its data are read: who resumes, evaluates or predicts need not say so again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
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


def judged(*arguments: str) -> dict[str, Any]:
    done = run("eval", "a.net", "--weights", "run", "--data", "a.txt", "--format", "json", *arguments)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    assert f"judged on: {found['judged_on']}\n" in done.stderr
    return found


def test_eval_judges_on_what_the_run_held_out(begun: Path) -> None:
    """The figures are those of the last epoch; another share, or all, is said to have been trained on."""
    last = json.loads((begun / "metrics.jsonl").read_text().splitlines()[-1])
    own, everything = judged(), judged("--val-split", "1")
    assert own["judged_on"] == "the 20 % of a.txt that the run held out"
    assert own["loss"] == pytest.approx(last["held_out_loss"], rel=1e-5)
    assert judged("--val-split", "0.2") == judged("--seed", "3") == own
    assert everything["judged_on"] == "all of a.txt, what the run was trained on included"
    assert (own["samples"], everything["samples"]) == (18, 89)
    assert judged("--val-split", "0.5")["judged_on"] == "50 % of a.txt, what the run was trained on included"
    again = run("eval", "a.net", "--weights", "run", "--data", f"../{begun.parent.name}/a.txt")
    assert again.stdout.startswith("18 samples: ")
    Path("b.txt").write_text("the cat sat on a hat " * 20)
    other = run("eval", "a.net", "--weights", "run", "--data", "b.txt")
    assert "judged on: all of b.txt\n" in other.stderr


def test_what_was_held_out_of_less_than_all_is_the_same_in_eval(begun: Path) -> None:
    assert run("train", "a.net", *OPTIONS.split(), "--limit", "40", "--epochs", "1", "--out", "few").exit_code == 0
    done = run("eval", "a.net", "--weights", "few", "--data", "a.txt")
    assert done.stdout.startswith("8 samples: ")


def test_of_data_with_a_part_to_test_on_it_is_judged_on(begun: Path) -> None:
    """Held out of the rest was what chose the epoch."""
    x, y = np.arange(70).reshape(10, 7) % 12, np.arange(70).reshape(10, 7) % 12
    np.savez("a.npz", text_train=x, next_train=y, text_test=x[:3], next_test=y[:3])
    given = ("a.net", "--data", "a.npz")
    assert run("train", *given, "--val-split", "0.2", "--epochs", "1", "--out", "parts").exit_code == 0
    done = run("eval", *given, "--weights", "parts")
    assert (done.stdout[:9], "judged on: the test samples of a.npz\n" in done.stderr) == ("3 samples", True)
    assert run("eval", *given, "--weights", "parts", "--val-split", "0.2").stdout.startswith("2 samples")


def test_which_weights_a_folder_stands_for_is_said(begun: Path) -> None:
    """By the file and its epoch: at the end of a run for both, and by each command that takes the best."""
    best = json.loads((begun / "metrics.jsonl").read_text().splitlines()[-1])["epoch"]
    said = f"weights: run/best.safetensors (epoch {best})"
    done = run("train", "a.net", "--resume", "run")
    assert done.stderr.splitlines()[-2:] == [
        "the run is complete: 2 epochs are done, 2 asked for; `--epochs` gives it more",
        f"{said}, run/last.safetensors (epoch 2)",
    ]
    given = ("a.net", "--weights", "run")
    for arguments in (("eval", "--data", "a.txt"), ("predict", "--data", "a.txt", "-o", "o.npz")):
        assert run(arguments[0], *given, *arguments[1:]).stderr.splitlines()[0] == said
    assert run("export", *given, "-o", "a.onnx").stderr.splitlines()[0] == said
    assert judged()["epoch"] == best
    exact = run("eval", "a.net", "--weights", "run/last.safetensors", "--data", "a.txt")
    assert "weights: " not in exact.stderr


def test_a_run_without_patience_left_says_so(begun: Path) -> None:
    Path("a.net").write_text(SPEC.replace("lr = 0.01", "lr = 1e-30"))
    assert run("train", "a.net", *OPTIONS.split(), "--patience", "2", "--out", "still").exit_code == 0
    done = run("train", "a.net", "--resume", "still")
    assert done.stderr.splitlines()[-2:] == [
        "the run ended after 3 epochs, the best being 1: `--patience` gives it more",
        "weights: still/best.safetensors (epoch 1), still/last.safetensors (epoch 3)",
    ]
    assert "epoch 4/9" in run("train", "a.net", "--resume", "still", "--patience", "3").stderr


@pytest.mark.parametrize("data", ["\0", "b" * 9999, "missing.txt", 7])
def test_data_that_there_are_not_are_other_data(begun: Path, data: object) -> None:
    kept = json.loads((begun / "args.json").read_text())
    (begun / "args.json").write_text(json.dumps(kept | {"data": data}))
    assert judged()["judged_on"] == "all of a.txt"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"seq_len": "7"}', '{"seq_len": true}', '{"seq_len": 0}'])
def test_what_cannot_be_read_is_not_remembered(begun: Path, text: str) -> None:
    (begun / "args.json").write_text(text)
    done = run("eval", "a.net", "--weights", "run", "--data", "a.txt")
    assert done.exit_code == 1
    assert "write `--seq-len 100`" in done.output
    done = run("train", "a.net", "--resume", "run")
    assert done.exit_code == 2
    assert "run does not have the options of a run; say what to train on" in done.output


def test_a_run_that_is_not_there_is_named(begun: Path) -> None:
    done = run("train", "a.net", "--resume", "rnu")
    assert done.exit_code == 2
    assert done.output == "rnu: error[missing-file]: there is no such run\n  help: start it with `--out`\n"


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
