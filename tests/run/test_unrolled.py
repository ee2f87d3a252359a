"""A run with truncated back-propagation goes on to the same bytes, wherever it was stopped: states begin anew with each
batch, and are kept where it stops between the chunks of one."""

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
    """In the place of the signals: asked after each chunk, it says to stop after this many."""

    chunks = 0

    def __enter__(self) -> StopsAfter:
        self.asked = 0
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def pending(self) -> int | None:
        self.asked += 1
        return 2 if self.asked >= self.chunks else None


@pytest.mark.parametrize("chunks", [1, 2, 3, 4, 5, 8, 11])
def test_a_stopped_run_goes_on_to_the_same_bytes(chunks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chars.net").write_text(SPEC)
    (tmp_path / "text.txt").write_text("abcdefghfedcba" * 8)
    train = ["train", str(tmp_path / "chars.net"), "--data", str(tmp_path / "text.txt"), "--seq-len", "10"]

    def run(*options: str) -> int:
        return CliRunner().invoke(netc, [*train, *options]).exit_code

    assert run("--out", str(tmp_path / "whole")) == 0
    with monkeypatch.context() as patched:
        patched.setattr(StopsAfter, "chunks", chunks)
        patched.setattr(training, "Interrupt", StopsAfter)
        assert run("--out", str(tmp_path / "stopped")) == 130
    assert run("--resume", str(tmp_path / "stopped")) == 0
    for name in ("last.safetensors", "best.safetensors"):
        assert (tmp_path / "stopped" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_run_that_was_stopped_within_a_batch_goes_on_with_that_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "chars.net").write_text(SPEC)
    (tmp_path / "text.txt").write_text("abcdefghfedcba" * 8)
    train = ["train", str(tmp_path / "chars.net"), "--data", str(tmp_path / "text.txt"), "--seq-len", "10"]
    folder = str(tmp_path / "run")
    with monkeypatch.context() as patched:
        patched.setattr(StopsAfter, "chunks", 2)
        patched.setattr(training, "Interrupt", StopsAfter)
        assert CliRunner().invoke(netc, [*train, "--out", folder]).exit_code == 130
    other = CliRunner().invoke(netc, [*train, "--resume", folder, "--batch", "3"])
    assert other.exit_code == 1
    assert "error[other-network]: was stopped within a batch of another size" in other.stderr
    assert CliRunner().invoke(netc, [*train, "--resume", folder, "--batch", "4"]).exit_code == 0
    # At the end of an epoch any batch will do.
    assert CliRunner().invoke(netc, [*train, "--resume", folder, "--batch", "3", "--epochs", "4"]).exit_code == 0
