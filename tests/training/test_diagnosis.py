"""The first layer whose numbers are not finite, and the rounding that a network magnifies: both watch every layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import netc
from netc.runtime.training.diagnosis import first_not_finite, watched

# Layers whose statements name their arrays, and layers that work on views of them alone.
TEXT = """net plain {
  input x: f32[N, 6]
  target label: i64[N]
  x -> fc(5) -> fc(4) -> fc(3)
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1) }
}"""
IMAGES = """net images {
  input image: f32[N, 2, 6, 6]
  target label: i64[N]
  image -> conv(3, 3) -> batchnorm -> conv(4, 3) -> global_avgpool -> flatten -> fc(3)
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1) }
}"""
BATCH: dict[str, dict[str, Any]] = {
    TEXT: {"x": np.ones((2, 6), np.float32), "label": np.array([0, 2])},
    IMAGES: {"image": np.ones((2, 2, 6, 6), np.float32), "label": np.array([0, 2])},
}
CASES = [(TEXT, "fc1"), (TEXT, "fc2"), (TEXT, "fc3"), (IMAGES, "conv1"), (IMAGES, "conv2"), (IMAGES, "fc1")]


@pytest.mark.parametrize(("text", "layer"), CASES)
def test_the_layer_with_the_weight_that_is_not_finite_is_named(text: str, layer: str) -> None:
    trainer = netc.loads(text).trainer(N=2)
    trainer.view(f"{layer}.weight")[0] = np.inf
    found = first_not_finite(trainer, BATCH[text])
    assert found is not None
    assert found.startswith(f"{layer}: ")


@pytest.mark.parametrize("text", BATCH)
def test_every_layer_shows_what_it_reads_and_makes(text: str) -> None:
    trainer = netc.loads(text).trainer(N=2)
    seen: dict[str, int] = {}

    def watch(layer: str, *values: Any) -> None:
        seen[layer.partition(":")[0]] = len(values)

    given = {name: array for name, array in BATCH[text].items() if name != "label"}
    watched(trainer, "predict", watch, given)
    assert {"fc1"} <= seen.keys()
    assert min(seen.values()) >= 2
