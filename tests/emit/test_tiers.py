"""Whole programs in both tiers: random and bundled networks train alike, but for rounding."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

import netc
from netc.compiler.emit.program import program
from netc.compiler.graph.graph import Graph
from netc.compiler.training.settings import Settings
from netc.runtime.trainer import Trainer

from .test_reuse import SIZES, numbers, trained

# Of float64: sums in another order, carried through two updates.
ROUNDING = 1e-9
SMALL = ("caffe_lenet", "char_gru", "char_lstm", "convlstm", "digits", "elman_series", "lenet5", "seq2seq")


def compare(graph: Graph, settings: Settings, sizes: Mapping[str, int], text: str) -> None:
    plain, fast = (
        numbers(Trainer(program("t", graph, settings, sizes, "f64", tier=tier), 1), sizes) for tier in ("numpy", "fast")
    )
    for a, b in zip(plain, fast, strict=True):
        # What is no number reaches more in a product with zeros and ones, which a plain gradient of a table is.
        some = np.isfinite(a)
        assert np.isfinite(b[some]).all(), text
        largest = max(1.0, float(np.abs(a[some]).max(initial=0)))
        assert np.abs(a[some] - b[some]).max(initial=0) <= ROUNDING * largest, text


MANY = [pytest.param(seed, marks=pytest.mark.trust) for seed in range(30_000, 30_150)]


# Not 3004: its pool takes the largest of numbers that are equal but for rounding, which decides where a gradient goes.
@pytest.mark.parametrize("seed", [*range(3005, 3017), *MANY])
def test_random_networks_train_alike(seed: int) -> None:
    graph, settings, text = trained(seed)
    compare(graph, settings, SIZES, text)


@pytest.mark.parametrize("name", SMALL)
def test_bundled_networks_train_alike(name: str) -> None:
    network = netc.load(name).network
    assert network.settings is not None
    compare(network.graph, network.settings, {"N": 3, "T": 5, "S": 4}, name)


def test_a_single_sample_with_a_large_weight_trains_alike() -> None:
    """The weight is larger than the images, but kernels whose arrays lie together are not divided by it."""
    text = """net t {
      input x: f32[N, 64, 16, 16]
      target y: i64[N]
      conv(64, 3, pad = 1) -> relu -> global_avgpool -> flatten
      logits = fc(3)
      output logits
      train { loss = cross_entropy; optimizer = sgd(lr = 0.1) }
    }"""
    network = netc.loads(text).network
    assert network.settings is not None
    compare(network.graph, network.settings, {"N": 1}, text)


CONV = """net t {{
  input x: f32[N, 3, {size}, {size}]
  target y: i64[N]
  conv(32, 1) -> conv({maps}, {conv}) -> global_avgpool -> flatten
  logits = fc(3)
  output logits
  train {{ loss = cross_entropy; optimizer = sgd(lr = 0.1) }}
}}
"""


@pytest.mark.parametrize(
    ("maps", "size", "conv", "pays"),
    [
        (32, 16, "3, pad = 1", True),
        (32, 15, "3, pad = 1", False),
        (31, 16, "3, pad = 1", False),
        (32, 18, "3", True),
        (32, 16, "3, stride = 2, pad = 1", False),
        (32, 16, "3, dilation = 2, pad = 2", False),
        (32, 16, "3, groups = 2, pad = 1", False),
        (32, 16, "(3, 1)", False),
        (32, 3, "3, pad = 1", False),
    ],
)
def test_tiles_are_for_many_maps_and_images_of_whole_tiles(maps: int, size: int, conv: str, *, pays: bool) -> None:
    """Of images with borders of half a tile it takes more maps."""
    text = CONV.format(maps=maps, size=size, conv=conv)
    source = netc.loads(text).trainer(N=16).program.source
    assert ("= winograd_conv(" in source) == pays
    assert ("= winograd_weight_gradient(" in source) == pays
