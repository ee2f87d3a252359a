"""Batches that a program cannot take are refused in words."""

from __future__ import annotations

import numpy as np
import pytest

import netc
from netc.runtime.errors import RunError

TEXT = """net t {
  input x: f32[N, 6]
  target y: i64[N]
  fc(8) -> batchnorm -> relu -> fc(3)
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1); batch = 4 }
}"""


def test_a_single_sample_has_no_variance() -> None:
    """Batch norm over [N, features] needs two samples in training, and none at inference."""
    trainer = netc.loads(TEXT).trainer()
    x, y = np.ones((1, 6), np.float32), np.zeros(1, np.int64)
    with pytest.raises(RunError, match="more than one value for each channel") as caught:
        trainer.step(x=x, y=y)
    assert caught.value.code == "batch-size"
    (output,) = trainer.forward(x=x).values()
    assert output.shape == (1, 3)
