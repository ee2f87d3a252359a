"""The commands that look things up, and the parts of larger ones that only the command line has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from netc.compiler.cli.main import netc as command
from netc.compiler.diagnostics.codes import CODES, RUN_CODES
from netc.compiler.graph.layer import layer_names
from netc.compiler.limits import DEFAULT_LIMITS
from netc.runtime.record import asdict
from netc.runtime.training import gradcheck
from netc.runtime.training.gradcheck import Entry


def run(*arguments: str, text: str | None = None) -> Result:
    done = CliRunner().invoke(command, arguments, input=text)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_explain_lists_all_codes_and_explains_each() -> None:
    lines = run("explain").stdout.splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("  ")]
    assert listed == [*sorted(CODES), *sorted(RUN_CODES)]
    assert [line for line in lines if not line.startswith("  ")] == ["In a spec:", "When a network runs:"]
    for code in (*CODES, *RUN_CODES):
        assert code in run("explain", code).stdout


def test_layers_lists_all_layers_and_explains_each() -> None:
    listed = [line.split()[0] for line in run("layers").stdout.splitlines()]
    assert set(layer_names()) < set(listed)
    assert {"lstm", "gru"} < set(listed)
    assert "Parameters:" in run("layers", "conv").stdout


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("explain", "shape-mismach"), "there is no code `shape-mismach`; did you mean `shape-mismatch`?"),
        (("explain", "zzz\x1b"), "there is no code `zzz\\x1b`; `netc explain` lists them"),
        (("layers", "convv"), "there is no layer `convv`; did you mean `conv`?"),
        (("layers", "Conv2d"), "there is no layer `Conv2d`; did you mean `conv`?"),
        (("layers", "zzzzzzz"), "there is no layer `zzzzzzz`; `netc layers` lists them"),
    ],
)
def test_what_is_not_there_is_suggested(arguments: tuple[str, ...], hint: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert hint in done.stderr


def test_limits_are_listed_with_their_values() -> None:
    rows = dict(re.findall(r"^(\w+) +([0-9,]+)  \S", run("limits").stdout, re.MULTILINE))
    assert {name: int(value.replace(",", "")) for name, value in rows.items()} == asdict(DEFAULT_LIMITS)


SMALL = """net small {
  input image: f32[N, 2, 4, 4]
  target label: i64[N]
  conv(3, 3) -> flatten
  logits = fc(4)
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1); batch = 8 }
}
"""


@pytest.fixture
def small(tmp_path: Path) -> str:
    (tmp_path / "small.net").write_text(SMALL)
    return str(tmp_path / "small.net")


def test_gradcheck_names_every_parameter(small: str) -> None:
    done = run("gradcheck", small)
    assert done.exit_code == 0
    assert [line.split()[1:] for line in done.stdout.splitlines()] == [
        ["ok", name] for name in ("conv1.weight", "conv1.bias", "logits.weight", "logits.bias")
    ]
    assert "all within 1e-06 of the largest entry" in done.stderr


def test_gradcheck_says_what_is_wrong(small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Entry("a.weight", 1e-9), Entry("b.weight", 0.25), Entry("c.weight", 1e-3)]
    monkeypatch.setattr(gradcheck, "gradcheck", lambda *_: found)
    done = run("gradcheck", small)
    assert done.exit_code == 1
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["ok", "WRONG", "WRONG"]
    assert "the gradient of b.weight is off by 2.50e-01 of its largest entry" in done.stderr
    assert run("gradcheck", small, "--tolerance", "0.25").exit_code == 0


def test_gradcheck_of_no_parameters(tmp_path: Path) -> None:
    spec = tmp_path / "bare.net"
    spec.write_text(
        "net bare { input x: f32[N, 3]; target y: f32[N, 3]; relu\n"
        "  train { loss = mse; optimizer = sgd(lr = 0.1) } }\n"
    )
    done = run("gradcheck", str(spec))
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "the net `bare` has no parameters: there is nothing to check\n"


def test_emit_shows_the_stages(small: str, tmp_path: Path) -> None:
    stages = {
        stage: run("emit", small, "--stop-after", stage).stdout for stage in ("graph", "predict", "evaluate", "step")
    }
    assert len(set(stages.values())) == 4
    assert "ConvWeightGradient" in stages["step"]
    assert "ConvWeightGradient" not in stages["evaluate"]
    assert "CrossEntropy" in stages["evaluate"]
    assert "CrossEntropy" not in stages["predict"]
    (tmp_path / "untrained.net").write_text(re.sub(r"  (target|train).*\n", "", SMALL))
    done = run("emit", str(tmp_path / "untrained.net"), "--stop-after", "step")
    assert done.exit_code == 1
    assert "error[no-train-block]: the net `small` has no `train` block" in done.stderr


def test_emit_writes_files(small: str, tmp_path: Path) -> None:
    program, drawing = tmp_path / "program.py", tmp_path / "memory.svg"
    assert run("emit", small, "-o", str(program)).stdout == ""
    assert program.read_text() == run("emit", small).stdout
    assert run("emit", small, "--memory-map", str(drawing)).stdout == ""
    assert "small, batch 8" in drawing.read_text()
    run("emit", small, "--memory-map", str(drawing), "--batch", "3")
    assert "small, batch 3" in drawing.read_text()
    single = drawing.read_text()
    run("emit", small, "--memory-map", str(drawing), "--batch", "3", "--dtype", "float64")
    assert drawing.read_text() != single


def test_a_memory_map_needs_the_sizes_that_a_program_needs(tmp_path: Path) -> None:
    spec, drawing = tmp_path / "steps.net", tmp_path / "memory.svg"
    spec.write_text("net steps {\n  input x: f32[N, 2, T]\n  conv(4, 3)\n}\n")
    for dims in ([], ["--dim", "T=2"]):
        done, program = run("emit", str(spec), "--memory-map", str(drawing), *dims), run("emit", str(spec), *dims)
        assert (done.exit_code, done.stderr) == (program.exit_code, program.stderr)
        assert done.exit_code == 1
        assert "help: " in done.stderr
        assert not drawing.exists()
    assert run("emit", str(spec), "--memory-map", str(drawing), "--dim", "T=3").exit_code == 0


def test_the_largest_batch_that_fits(small: str) -> None:
    done = run("analyze", small, "--budget", "100K")
    found = re.match(r"N = (\d+): the largest batch whose training fits into 100,000 bytes", done.stdout)
    assert found is not None
    for batch, fits in ((int(found[1]), True), (int(found[1]) + 1, False)):
        done = run("check", small, "--max-memory", "100K", "--dim", f"N={batch}")
        assert (done.exit_code == 0) is fits
    assert "training `small` takes " in done.stdout
    assert "the budget is 100,000" in done.stdout
    done = run("analyze", small, "--budget", "1K")
    assert done.exit_code == 1
    assert done.stderr.startswith("error[over-budget]: training `small` at N = 1 takes more than 1,000 bytes\n  help: ")


def test_memory_is_checked_where_all_its_sizes_are_known(tmp_path: Path) -> None:
    (tmp_path / "steps.net").write_text("net steps {\n  input x: f32[N, L, 3]\n  fc(4)\n}\n")
    done = run("check", str(tmp_path / "steps.net"), "--max-memory", "1GiB")
    assert done.exit_code == 1
    assert "the memory of `steps` depends on L" in done.stdout
    assert "--dim L=…" in done.stdout
    done = run("check", str(tmp_path / "steps.net"), "--max-memory", "1KiB", "--dim", "L=100")
    assert "inference `steps` takes " in done.stdout


def test_fmt_reads_standard_input() -> None:
    done = run("fmt", "-", text="net a{input x:f32[N,3];x->relu}")
    assert done.exit_code == 0
    assert run("fmt", "-", text=done.stdout).stdout == done.stdout
    assert done.stdout.startswith("net a {")
    done = run("fmt", "-", "--stdin-filename", "mine.net", text="net a {")
    assert done.exit_code == 1
    assert "mine.net has errors and is left as it is" in done.stderr
