"""Bytes and whole numbers become floats in `normalize`: the same network as one that is fed these floats."""

from __future__ import annotations

import numpy as np
import pytest

import netc

IMAGES = """net images {{
  input image: {}[N, 3, 6, 6]
  target label: i64[N]
  normalize(mean = [120, 110, 100], std = [60, 50, 70]) -> conv(4, 3) -> batchnorm -> relu -> flatten
  logits = fc(3)
  output logits
  train {{ loss = cross_entropy; optimizer = sgd(lr = 0.1) }}
}}"""
FRAMES = """net frames {{
  input image: {}[N, 4, 1, 3, 3]
  target label: i64[N]
  logits = image -> normalize(128, 64) -> reshape([4, 9]) -> gru(3, return = last)
  output logits
  train {{ loss = cross_entropy; optimizer = sgd(lr = 0.1) }}
}}"""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("given", ["u8", "i64"])
@pytest.mark.parametrize("text", [IMAGES, FRAMES])
def test_it_trains_as_on_floats(text: str, given: str, dtype: str) -> None:
    whole = netc.loads(text.format(given)).trainer(N=4, dtype=dtype, seed=1)
    floats = netc.loads(text.format("f32")).trainer(N=4, dtype=dtype, seed=1)
    rng = np.random.default_rng(0)
    shape = (4, 3, 6, 6) if text is IMAGES else (4, 4, 1, 3, 3)
    for _ in range(3):
        image, label = rng.integers(256, size=shape), rng.integers(3, size=4)
        found = whole.step(image=image.astype(np.uint8 if given == "u8" else np.int64), label=label)
        assert found == pytest.approx(floats.step(image=image.astype(dtype), label=label), rel=1e-6)


def test_truth_values_are_refused() -> None:
    with pytest.raises(netc.SpecError):
        netc.loads(IMAGES.format("bool"))
