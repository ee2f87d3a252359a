"""Texts and series: how they are numbered, cut into samples and divided, and that a run has one alphabet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from netc.compiler.cli.main import netc as cli
from netc.runtime.data.dataset import Dataset
from netc.runtime.data.load import load
from netc.runtime.data.wanted import Wanted
from netc.runtime.errors import RunError
from netc.runtime.ports import Port
from netc.runtime.record import replace
from netc.runtime.run.checkpoint import load_weights

TEXT = Wanted((Port("text", "int64", ("N", "T"), 96),), (Port("next", "int64", ("N", "T"), 96),), seq_len=3)
SERIES = Wanted((Port("x", "float32", ("N", "T", 1)),), (Port("next", "float32", ("N", "T", 1)),), seq_len=3)
TABLE = "year,rain,sun\n1,1,10\n2,2,20\n3,3,30\n4,4,40\n5,5,50\n6,6,60\n7,7,70\n8,8,80\n"


def netc(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    return done.exit_code, done.output


def written(tmp_path: Path, name: str, text: str | bytes) -> str:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def arrays(source: str, wanted: Wanted) -> dict[str, Any]:
    return {name: array.tolist() for name, array in load(source, wanted).train.arrays.items()}


def test_a_byte_order_mark_is_no_character(tmp_path: Path) -> None:
    found = load(written(tmp_path, "t.txt", b"\xef\xbb\xbfabcabca"), TEXT)
    assert found.alphabet == "abc"
    assert found.train.arrays["text"].tolist() == [[0, 1, 2], [0, 1, 2]]


def test_a_known_alphabet_numbers_a_text(tmp_path: Path) -> None:
    """In its own order, which need not be sorted, and also characters beyond 16 bits."""
    path = written(tmp_path, "t.txt", "ba🜁b")
    assert arrays(path, replace(TEXT, alphabet="🜁zab")) == {"text": [[3, 2, 0]], "next": [[2, 0, 3]]}
    assert load(path, TEXT).alphabet == "ab🜁"


def test_an_unknown_character_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, "t.txt", "abéaéccz~")
    with pytest.raises(
        RunError, match="has 'é', 'c', 'z', '~' at 6 places, which the text that was trained on"
    ) as found:
        load(path, replace(TEXT, alphabet="ab"))
    assert "known are 2 characters" in found.value.help


def test_more_characters_than_the_net_takes(tmp_path: Path) -> None:
    path = written(tmp_path, "t.txt", "abcdabcd")
    small = Port("text", "int64", ("N", "T"), 3)
    with pytest.raises(RunError, match="has 4 different characters, and `text` takes 3") as found:
        load(path, replace(TEXT, inputs=(small,)))
    assert "make the net's vocabulary 4" in found.value.help


def test_to_predict_no_character_is_left_over(tmp_path: Path) -> None:
    path = written(tmp_path, "t.txt", "abcabc")
    assert arrays(path, replace(TEXT, targets=())) == {"text": [[0, 1, 2], [0, 1, 2]]}
    assert arrays(path, TEXT) == {"text": [[0, 1, 2]], "next": [[1, 2, 0]]}
    with pytest.raises(RunError, match="has 6 steps, too few for a sample of 6 and the one after them"):
        load(path, replace(TEXT, seq_len=6))


def test_topics_are_there() -> None:
    found = load("topics", replace(TEXT, seq_len=100))
    assert found.alphabet is not None
    assert set(found.alphabet) <= {"\n", *map(chr, range(32, 127))}
    assert found.train.size > 1000


def test_a_series(tmp_path: Path) -> None:
    path = written(tmp_path, "s.csv", TABLE)
    found = arrays(path, replace(SERIES, target="sun"))
    assert found == {"x": [[[10], [20], [30]], [[40], [50], [60]]], "next": [[[20], [30], [40]], [[50], [60], [70]]]}
    every = Port("x", "float32", ("N", "T", 3))
    after = Port("y", "float32", ("N", 1))
    found = arrays(path, replace(SERIES, inputs=(every,), targets=(after,), target="rain"))
    assert found["x"][1] == [[4, 4, 40], [5, 5, 50], [6, 6, 60]]
    assert found["y"] == [[4], [7]]
    assert arrays(written(tmp_path, "one.csv", "a\n1\n2\n3\n4\n"), SERIES)["next"] == [[[2], [3], [4]]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "does not say which column is the series"),
        ({"target": "snow"}, "has 0 columns `snow`"),
        ({"target": "sun", "seq_len": 8}, "has 8 steps, too few for a sample of 8 and the one after them"),
        ({"target": "sun", "inputs": (Port("x", "float32", ("N", "T", 2)),)}, "`x` takes 2 numbers a step, the series"),
        ({"target": "sun", "inputs": (Port("x", "float32", ("N", 4)),)}, r"`x` is not \[steps, numbers\]"),
        ({"target": "sun", "inputs": (*SERIES.inputs, *SERIES.inputs)}, "has one input and one target"),
    ],
)
def test_what_is_no_series(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=message) as found:
        load(written(tmp_path, "s.csv", TABLE), replace(SERIES, **change))
    assert found.value.help


def test_what_follows_is_held_out() -> None:
    """The end of a series or text, and of each part of it; samples of other data are drawn."""
    data = Dataset({"x": np.arange(10)}, ordered=True)
    for share, count in ((0.2, 2), (0.01, 1), (0.99, 9), (0.5, 5)):
        rest, held_out = data.split(share, seed=3)
        assert rest.take(np.arange(rest.size))["x"].tolist() == list(range(10 - count))
        assert held_out.take(np.arange(count))["x"].tolist() == list(range(10 - count, 10))
    rest, held_out = data.limit(5).split(0.4, seed=0)
    assert (rest.first(3)["x"].tolist(), held_out.first(2)["x"].tolist()) == ([0, 1, 2], [3, 4])
    assert not np.array_equal(Dataset({"x": np.arange(10)}).split(0.5, 3)[1].first(5)["x"], np.arange(5, 10))


# The first and last years and the highest one, as the Solar Influences Data Analysis Center gives them (before 2015).
SUNSPOTS = {1700: 5, 1701: 11, 1957: 190.2, 2007: 7.5, 2008: 2.9}


def test_sunspots() -> None:
    found = load("sunspots", replace(SERIES, seq_len=1)).train.arrays
    years = {1700: found["x"][0, 0, 0]} | {1701 + at: value for at, value in enumerate(found["next"][:, 0, 0])}
    assert len(years) == 309
    assert {year: years[year] for year in SUNSPOTS} == SUNSPOTS
    assert max(years.values()) == 190.2


def mean_of(path: Path, column: str) -> float:
    return float(json.loads(path.read_text().splitlines()[-1])[column])


@pytest.mark.parametrize("spec", ["elman_series", "jordan_series"])
def test_forecasts_beat_persistence(spec: str, tmp_path: Path) -> None:
    """On the last years, which chose nothing: the weights are those of the last epoch. Persistence forecasts that
    a year is as the year before."""
    _, last = load("sunspots", replace(SERIES, seq_len=None)).train.split(0.2, 0)
    held_out = last.take(np.arange(last.size))
    persistence = float(np.mean((held_out["next"] - held_out["x"]) ** 2))
    assert round(persistence) == 1106
    code, output = netc("train", spec, "--data", "sunspots", "--val-split", "0.2", "--out", tmp_path / "run")
    assert code == 0, output
    assert mean_of(tmp_path / "run" / "metrics.jsonl", "held_out_loss") < 0.8 * persistence


CHARS = """net chars {
  input text: i64[N, T]
  target next: i64[N, T]
  embed(8, 4) -> gru(6)
  fc(8)
  train { loss = cross_entropy; optimizer = adam(lr = 0.05); batch = 4; epochs = 2 }
}
"""


def test_one_alphabet_for_a_run(tmp_path: Path) -> None:
    """A later text is numbered as the one that was trained on: to go on, to evaluate and to predict, from the run
    folder, from its weights and from the exported model."""
    spec, run = written(tmp_path, "chars.net", CHARS), tmp_path / "run"
    long, later = (
        written(tmp_path, "long.txt", "fabcdeabcdefabcabc" * 4),
        written(tmp_path, "later.txt", "bdbfbdbfb" * 4),
    )
    steps = ("--seq-len", "4")
    assert netc("train", spec, "--data", long, *steps, "--out", run)[0] == 0
    assert json.loads((run / "resolved.json").read_text())["alphabet"] == "abcdef"

    numbers = np.array(["abcdef".index(character) for character in "bdbfbdbfb" * 4])
    np.savez(tmp_path / "later.npz", text=numbers[:32].reshape(-1, 4), next=numbers[1:33].reshape(-1, 4))
    code, wanted = netc("eval", spec, "--weights", run, "--data", tmp_path / "later.npz")
    assert code == 0, wanted
    figures = wanted.splitlines()[-1]
    weights = run / "best.safetensors"
    assert netc("export", spec, "--weights", weights, "-o", tmp_path / "m.onnx")[0] == 0
    for known in ((spec, "--weights", run), (spec, "--weights", weights), (tmp_path / "m.onnx",)):
        assert netc("eval", *known, "--data", later, *steps)[1].splitlines()[-1] == figures
        assert netc("predict", *known, "--data", later, *steps, "-o", tmp_path / "out.npz")[0] == 0
        strange = netc("eval", *known, "--data", written(tmp_path, "strange.txt", "abcdxabc"), *steps)
        assert strange[0] == 1
        assert "has 'x' at 1 place, which the text that was trained on does not have" in strange[1]

    assert netc("train", spec, "--data", later, *steps, "--resume", run, "--epochs", "3")[0] == 0
    assert json.loads((run / "resolved.json").read_text())["alphabet"] == "abcdef"
    assert netc("train", spec, "--data", tmp_path / "strange.txt", *steps, "--resume", run, "--epochs", "4")[0] == 1


def test_weights_that_know_no_alphabet(tmp_path: Path) -> None:
    spec, text = written(tmp_path, "chars.net", CHARS), written(tmp_path, "t.txt", "abcdeabcdf")
    assert netc("train", spec, "--data", text, "--seq-len", "4", "--out", tmp_path / "run")[0] == 0
    weights: Mapping[str, Any] = load_weights(tmp_path / "run" / "best.safetensors").arrays
    np.savez(tmp_path / "w.npz", **weights)
    code, output = netc("eval", spec, "--weights", tmp_path / "w.npz", "--data", text, "--seq-len", "4")
    assert code == 1
    assert "the weights do not say which characters their numbers stand for" in output
