"""A run with truncated back-propagation goes on to the same bytes, wherever it was stopped: states begin anew with each
batch, and it stops when all chunks of one are done."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from netc.compiler.cli import training
from netc.compiler.cli.main import netc

SPEC = """net chars {
  input text: i64[N, T]
  target next: i64[N, T]
  embed(8, 4) -> lstm(6) -> dropout(0.2)
  fc(8)
  train { loss = cross_entropy; optimizer = adam(lr = 0.05); batch = 4; epochs = 3; unroll = 4; seed = 2 }
}
"""


class StopsAfter:
    """In the place of the signals: asked after each batch, it says to stop after this many."""

    batches = 0

    def __enter__(self) -> StopsAfter:
        self.asked = 0
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def pending(self) -> int | None:
        self.asked += 1
        return 2 if self.asked >= self.batches else None


@pytest.mark.parametrize("batches", [1, 2, 3, 4, 7])
def test_a_stopped_run_goes_on_to_the_same_bytes(batches: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chars.net").write_text(SPEC)
    (tmp_path / "text.txt").write_text("abcdefghfedcba" * 8)
    train = ["train", str(tmp_path / "chars.net"), "--data", str(tmp_path / "text.txt"), "--seq-len", "10"]

    def run(*options: str) -> int:
        return CliRunner().invoke(netc, [*train, *options]).exit_code

    assert run("--out", str(tmp_path / "whole")) == 0
    with monkeypatch.context() as patched:
        patched.setattr(StopsAfter, "batches", batches)
        patched.setattr(training, "Interrupt", StopsAfter)
        assert run("--out", str(tmp_path / "stopped")) == 130
    assert run("--resume", str(tmp_path / "stopped")) == 0
    for name in ("last.safetensors", "best.safetensors"):
        assert (tmp_path / "stopped" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
