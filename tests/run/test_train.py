"""`netc train` as processes: the same bytes twice, and after any interruption."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

SPEC = """net small {
  input x: f32[N, 12]
  target y: i64[N]
  fc(16, bias = no) -> batchnorm -> relu -> dropout(0.3)
  fc(3)
  train { loss = cross_entropy; optimizer = adam(lr = 0.01); schedule = cosine; batch = 8; epochs = 12; seed = 5 }
}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a spec and data of 100 samples, the last batch of which is smaller."""
    rng = np.random.default_rng(0)
    (tmp_path / "small.net").write_text(SPEC)
    x = rng.normal(size=(100, 12)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x, y=(x[:, 0] > 0).astype(np.int64) + (x[:, 1] > 0.5))
    return tmp_path


def command(place: Path, *arguments: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "netc",
        "train",
        str(place / "small.net"),
        "--data",
        str(place / "data.npz"),
        *arguments,
    ]


def train(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(place, *arguments), capture_output=True, text=True, timeout=120, check=False)


def results(folder: Path) -> dict[str, bytes]:
    """What a finished run leaves that does not hold times."""
    last = sorted((folder / "checkpoints").iterdir())[-1]
    return {
        "last": (folder / "last.safetensors").read_bytes(),
        "best": (folder / "best.safetensors").read_bytes(),
        "checkpoint": last.read_bytes(),
        "metrics": repr([
            {key: value for key, value in json.loads(line).items() if "second" not in key}
            for line in (folder / "metrics.jsonl").read_text().splitlines()
        ]).encode(),
    }  # fmt: skip


def test_two_runs_give_the_same_bytes(place: Path) -> None:
    for name in ("a", "b"):
        done = train(place, "--out", str(place / name), "--val-split", "0.2")
        assert done.returncode == 0, done.stderr
    assert results(place / "a") == results(place / "b")
    names = {path.name for path in (place / "a").iterdir()}
    assert names == {
        ".lock", "args.json", "best.safetensors", "checkpoints", "last.safetensors", "metrics.csv", "metrics.jsonl",
        "resolved.json", "spec.net",
    }  # fmt: skip
    assert (place / "a" / "spec.net").read_text() == SPEC
    assert len(list((place / "a" / "checkpoints").iterdir())) == 2
    assert train(place, "--out", str(place / "c"), "--val-split", "0.2", "--seed", "6").returncode == 0
    assert results(place / "a")["last"] != results(place / "c")["last"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_says_how_to_go_on(place: Path, number: signal.Signals, code: int) -> None:
    folder = place / "run"
    long = command(place, "--out", str(folder), "--epochs", "100000")
    process = subprocess.Popen(long, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(folder.glob("checkpoints/step-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert "--resume" in said
    done = train(place, "--resume", str(folder), "--epochs", "1")
    assert (done.returncode, "resuming from step" in done.stderr) == (0, True)


def test_a_loss_that_is_not_finite_ends_with_4_and_keeps_the_last_checkpoint(place: Path) -> None:
    text = SPEC.replace("adam(lr = 0.01)", "sgd(lr = 1e30)").replace("schedule = cosine;", "")
    (place / "small.net").write_text(text.replace(" -> batchnorm -> relu -> dropout(0.3)", ""))
    done = train(place, "--out", str(place / "run"))
    assert done.returncode == 4
    assert "error[not-finite]: the loss became" in done.stderr
    assert "the first layer with such numbers is fc2: fc, line 5" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_that_explodes_keeps_its_last_finite_checkpoint_and_goes_on_with_another_rate(place: Path) -> None:
    """From the third epoch on the rate is 1e30 times as large: thirteen steps of each epoch before it are kept."""
    whole = SPEC.replace("adam(lr = 0.01)", "sgd(lr = 0.01)").replace("batchnorm -> relu -> dropout(0.3)", "relu")
    (place / "small.net").write_text(whole.replace("schedule = cosine", "schedule = step(factor = 1e30, every = 2)"))
    folder = place / "run"
    done = train(place, "--out", str(folder), "--epochs", "4")
    assert done.returncode == 4
    assert "in epoch 3, step 2" in done.stderr
    assert "Traceback" not in done.stderr
    (place / "small.net").write_text(whole.replace("schedule = cosine;", ""))
    again = train(place, "--resume", str(folder), "--epochs", "4")
    assert (again.returncode, "resuming from step 26" in again.stderr) == (0, True), again.stderr
    assert all(np.isfinite(array).all() for array in load_file(folder / "last.safetensors").values())


def test_a_damaged_checkpoint_is_passed_over(place: Path) -> None:
    folder = place / "run"
    assert train(place, "--out", str(folder)).returncode == 0
    wanted = results(folder)
    newest = sorted((folder / "checkpoints").iterdir())[-1]
    data = bytearray(newest.read_bytes())
    data[len(data) // 2] ^= 1
    newest.write_bytes(data)
    done = train(place, "--resume", str(folder))
    assert done.returncode == 0
    assert f"warning: {newest.name} is damaged" in done.stderr
    assert results(folder) == wanted
    for path in (folder / "checkpoints").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    kept = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    done = train(place, "--resume", str(folder))
    assert done.returncode == 1
    assert "error[bad-checkpoint]: none of the 2 checkpoints is whole" in done.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == kept


def test_a_folder_is_one_run(place: Path) -> None:
    folder = place / "run"
    process = subprocess.Popen(command(place, "--out", str(folder), "--epochs", "100000"), stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not (folder / "metrics.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        busy = train(place, "--resume", str(folder))
        assert (busy.returncode, "folder-in-use" in busy.stderr) == (2, True)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    full = train(place, "--out", str(folder))
    assert (full.returncode, "folder-not-empty" in full.stderr) == (2, True)


def test_a_dry_run_writes_nothing(place: Path) -> None:
    done = train(place, "--out", str(place / "run"), "--dry-run")
    assert done.returncode == 0
    assert "batches of 8" in done.stdout
    assert not (place / "run").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y": np.array([0, 1, 3])}, "sample 2 of `y` has 3, the net knows 0 to 2"),
        ({"y": np.array([1, 2, 3])}, "they seem to be counted from 1"),
        ({"y": np.array([0, 1])}, "the numbers of samples differ"),
        ({"x": np.zeros((3, 11), np.float32)}, "`x` is [12] for each sample, the data are [11]"),
        ({"x": np.full((3, 12), np.nan, np.float32)}, "sample 0 of `x` has nan"),
        ({"y": np.array([0, 1, 0.5])}, "not a whole number"),
    ],
)
def test_data_that_do_not_fit_are_refused(place: Path, change: dict[str, np.ndarray], words: str) -> None:
    arrays = {"x": np.zeros((3, 12), np.float32), "y": np.array([0, 1, 2])} | change
    np.savez(place / "data.npz", **arrays)  # type: ignore[arg-type]
    done = train(place, "--out", str(place / "run"))
    assert done.returncode == 1
    assert f"error[bad-data]: {words}" in done.stderr or words in done.stderr
    assert not (place / "run").exists()


def test_gradients_of_states_that_there_are_not_leave_no_folder(place: Path) -> None:
    done = train(place, "--log-gradients", "--out", str(place / "run"))
    assert done.returncode == 1
    assert "error[no-states]" in done.stderr
    assert not (place / "run").exists()


def test_what_is_not_kept_and_what_of_a_vocabulary_is_empty_is_said_before(place: Path) -> None:
    assert train(place, "--epochs", "1").stderr.splitlines()[0] == "without `--out DIR` the weights are not kept"
    (place / "small.net").write_text(
        "net t { input text: i64[N, T]\n target next: i64[N, T]\n embed(5, 4) -> fc(5)\n"
        " train { loss = cross_entropy; optimizer = adam } }"
    )
    (place / "abc.txt").write_text("abcabcabc" * 9)
    asked = ["--data", str(place / "abc.txt"), "--seq-len", "4", "--out", str(place / "run")]
    note = "the text has 3 different characters, and `text` takes 5"
    assert train(place, *asked).stderr.splitlines()[0] == note
    (place / "abc.txt").write_text("abcde" * 9)
    assert "takes" not in train(place, *asked, "--out", str(place / "full")).stderr
