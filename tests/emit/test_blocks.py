"""Large elementwise operations go block by block: the same numbers, with scratch memory of one block."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import netc
from netc.compiler.emit import blocks, lanes

TEXT = """
net smooth {
  input  image: f32[N, 3, 7, 6]
  target label: i64[N]
  conv(5, 3, pad = half) -> batchnorm -> silu -> conv(4, 3) -> tanh -> flatten -> fc(30) -> gelu -> fc(9) -> relu
  logits = fc(5)
  output logits
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1, momentum = 0.9) }
}
"""


def run(size: int) -> tuple[dict[str, NDArray[Any]], str, int]:
    """The weights after three steps on a batch of some size, the program, and the bytes of its arena."""
    trainer = netc.loads(TEXT).trainer(N=6, seed=3)
    rng = np.random.default_rng(size)
    given = {"image": rng.normal(size=(size, 3, 7, 6)), "label": rng.integers(5, size=size)}
    for _ in range(3):
        trainer.step(**given)
    return trainer.state_dict(), trainer.program.source, trainer.arena.nbytes


@pytest.mark.parametrize("least", [lanes.BYTES, 0], ids=["whole", "in-lanes"])
@pytest.mark.parametrize("size", [1, 5, 6])
def test_blocks_compute_the_same(size: int, least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "BYTES", least)
    whole, text, bytes = run(size)
    assert "in_blocks(" not in text
    monkeypatch.setattr(blocks, "BYTES", 1 << 8)
    monkeypatch.setattr(blocks, "IN_LANES", 1 << 6)
    found, text, fewer = run(size)
    assert text.count("in_blocks(") > 8
    assert fewer <= bytes
    for name, array in whole.items():
        assert np.array_equal(found[name], array), name


def test_a_part_of_an_array_is_not_looked_for_in_its_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the weights of gates, parts are halved before the loop, see `recurrence/gates.py`."""
    text = "net t { input x: f32[N, 3, 4]; target y: i64[N, 3]; lstm(8) -> silu; z = fc(5); output z; train { %s } }"
    net = netc.loads(text % "loss = cross_entropy; optimizer = sgd(lr = 0.1)")
    given = {"x": np.ones((2, 3, 4)), "y": np.zeros((2, 3), np.int64)}
    wanted = net.trainer(N=2).step(**given)
    monkeypatch.setattr(blocks, "BYTES", 1 << 6)
    made = net.trainer(N=2)
    assert "in_blocks(" in made.program.source
    assert made.step(**given) == wanted
