"""`netc bench`: specs and models, at the sizes that are asked for."""

from __future__ import annotations

import re
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper

import netc
from netc.compiler.cli.main import netc as cli

SPEC = """net tagged {
  input text: i64[N, 2*T]
  input image: u8[N, 3, H, 4]
  a = text -> embed(9, 4) -> transpose -> conv(2, 5) -> flatten
  b = image -> normalize(128, 64) -> conv(2, 3, pad = same) -> global_avgpool -> flatten
  output a, b
}
"""
LINE = re.compile(r"(1 thread |numpy) +batch +\d+  median +[\d.]+ ms  90 % below +[\d.]+ ms +[\d,.]+ samples/s")


def bench(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["bench", *arguments, "--batch", "1,3", "--seconds", "0.01"])


@pytest.fixture(params=["net", "onnx"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    path = tmp_path / f"tagged.{request.param}"
    if request.param == "net":
        path.write_text(SPEC)
    else:
        path.write_bytes(netc.loads(SPEC).to_onnx(verify=False).SerializeToString())
    return str(path)


def test_a_line_for_each_batch(given: str) -> None:
    done = bench(given, "--dim", "T=3", "--dim", "H=5")
    assert done.exit_code == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert all(LINE.fullmatch(line) for line in done.stdout.splitlines()), done.stdout


def test_a_size_of_a_spec_that_is_not_given(tmp_path: Path) -> None:
    (tmp_path / "tagged.net").write_text(SPEC)
    done = bench(str(tmp_path / "tagged.net"), "--dim", "T=3")
    assert done.exit_code == 1
    assert "error[unbound-dimension]" in done.stderr
    assert "`--dim H=…`" in done.stderr


def test_a_size_of_a_model_is_one_unless_given(tmp_path: Path) -> None:
    text = "net a {\n  input x: f32[N, 2*T, 4]\n  y = x -> fc(3)\n  output y\n}"
    (tmp_path / "a.onnx").write_bytes(netc.loads(text).to_onnx(verify=False).SerializeToString())
    done = bench(str(tmp_path / "a.onnx"))
    assert done.exit_code == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2


def foreign(tmp_path: Path, batch: int | str) -> str:
    """A model of another tool."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, 4]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "other", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "other.onnx")
    return str(tmp_path / "other.onnx")


def test_the_first_size_of_any_name_is_the_batch(tmp_path: Path) -> None:
    done = bench(foreign(tmp_path, "batch_size"))
    assert done.exit_code == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_a_model_that_takes_one_batch_alone(tmp_path: Path) -> None:
    done = bench(foreign(tmp_path, 1))
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) == 1
    assert "error[shape-mismatch]: `x` takes batches of 1, not of 3\n  help: `--batch 1`\n" in done.stderr
