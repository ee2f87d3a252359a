"""A model in place of its spec: what its metadata say is enough to test it on data."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import netc
from netc.compiler.cli.main import netc as cli

PARTS = "block stem(maps) { conv(maps, 3) -> relu }\n"
SPEC = """use "parts.net"
net mixed(maps = 3) {
  input image: f32[N, 1, H, W]
  target label: i64[N]
  stem(maps) -> maxpool(2, stride = 2) -> flatten
  logits = fc(10)
  output logits
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1) }
}
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model of a spec with a parameter, symbolic dimensions that have to be numbers, and a file of blocks."""
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "parts.net").write_text(PARTS)
    (tmp_path / "spec" / "mixed.net").write_text(SPEC)
    path = tmp_path / "mixed.onnx"
    arguments = [str(tmp_path / "spec" / "mixed.net"), "--set", "maps=4", "--dim", "H=8", "--dim", "W=8"]
    done = CliRunner().invoke(cli, ["export", *arguments, "-o", str(path)])
    assert done.exit_code == 0, done.stderr
    return path


def test_a_model_is_tested_without_the_files_of_its_spec(model: Path) -> None:
    done = CliRunner().invoke(cli, ["eval", str(model), "--data", "digits"])
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("1,797 samples: loss 2.")


def test_a_model_of_one_file_knows_its_dimensions(tmp_path: Path) -> None:
    spec, path = tmp_path / "one.net", tmp_path / "one.onnx"
    spec.write_text(SPEC.replace('use "parts.net"\n', PARTS))
    done = CliRunner().invoke(cli, ["export", str(spec), "--dim", "H=8", "--dim", "W=8", "-o", str(path)])
    assert done.exit_code == 0, done.stderr
    done = CliRunner().invoke(cli, ["eval", str(path), "--data", "digits"])
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("value", ["0", "-8", "x", "9" * 5000, "８", "8.0", ""])
def test_a_forged_dimension_is_an_error_and_no_traceback(value: str, tmp_path: Path) -> None:
    text = SPEC.replace('use "parts.net"\n', PARTS)
    model = netc.loads(text, dims={"H": 8, "W": 8}).to_onnx(verify=False)
    for entry in model.metadata_props:
        if entry.key == "dim.H":
            entry.value = value
    path = tmp_path / "forged.onnx"
    path.write_bytes(model.SerializeToString())
    done = CliRunner().invoke(cli, ["eval", str(path), "--data", "digits"])
    assert done.exit_code == 1
    assert "error[bad-model]" in done.stderr
