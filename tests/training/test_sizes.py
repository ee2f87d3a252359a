"""One program takes batches of any size up to its own; what it cannot take is refused in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import netc
from netc.runtime.errors import RunError
from netc.runtime.measure import measure
from netc.runtime.ports import Port

from .networks import CASES, Case

Array = NDArray[Any]

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


SERIES = """net t {
  input x: f32[N, 3, 2*T]
  input z: f32[N, U]
  a = x -> conv(4, 5) -> maxpool(3, stride = 1) -> relu
  b = z * 2
  output a, b
}"""


def test_a_sequence_too_short_for_a_layer() -> None:
    """2 T − 4 − 2 positions are left of 2 T: none below T = 4."""
    net = netc.loads(SERIES)
    with pytest.raises(netc.SpecError, match=r"at T = 3 the result .* of `a.maxpool1` has no positions"):
        net.trainer(N=2, T=3, U=1)
    trainer = net.trainer(N=2, T=9, U=5)
    assert trainer.program.least == {"T": 4}
    z = np.zeros((2, 1), np.float32)
    found = trainer.forward(x=np.zeros((2, 3, 8), np.float32), z=z)
    assert found["a"].shape == (2, 4, 2)
    for steps in (3, 1):
        with pytest.raises(RunError, match=f"T is {steps} in the arrays given, a layer of the network needs 4 or more"):
            trainer.forward(x=np.zeros((2, 3, 2 * steps), np.float32), z=z)


def test_random_inputs_have_the_sizes_of_a_net() -> None:
    seen: dict[str, tuple[int, ...]] = {}

    def run(arrays: Mapping[str, Array]) -> None:
        seen.update({name: array.shape for name, array in arrays.items()})

    ports = (Port("x", "float32", ("N", 3, "2*T - 1")), Port("ids", "int64", ("N", "any name"), 5))
    measure(run, ports, {"N": 4, "T": 6}, 0.0)
    assert seen == {"x": (4, 3, 11), "ids": (4, 1)}
