"""One program takes batches of any size up to its own; what it cannot take is refused in words."""

from __future__ import annotations

import numpy as np
import pytest

import netc
from netc.runtime.errors import RunError

from .networks import CASES, Case

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


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_smaller_batch_gives_what_a_program_of_its_size_gives(case: Case) -> None:
    """The gradients of five samples, from a program for five and from one for 37 that has just run 16."""
    net = netc.loads(case.spec)
    image, label = case.batches()[0]
    large, exact = net.trainer(N=37, dtype="float64"), net.trainer(N=5, dtype="float64")
    large.gradients(image=image, label=label)
    found = large.gradients(image=image[:5], label=label[:5])
    wanted = exact.gradients(image=image[:5], label=label[:5])
    for name, gradient in wanted.items():
        np.testing.assert_allclose(found[name], gradient, rtol=0, atol=1e-12 * max(np.abs(gradient).max(), 1e-3))
    for name, output in exact.forward(image=image[:5]).items():
        np.testing.assert_allclose(large.forward(image=image[:5])[name], output, rtol=0, atol=1e-12)
