"""Dropout draws anew: for each use of it, and at each step."""

from __future__ import annotations

import numpy as np

import netc

NET = """net t {
  input x: f32[N, 50]
  target y: f32[N, 50]
  first = x -> dropout(0.5)
  second = x -> dropout(0.5)
  difference = first - second -> scale
  output difference
  train { loss = mse(difference, y); optimizer = sgd(lr = 1e-9) }
}
"""


def test_two_dropouts_of_one_value_draw_apart() -> None:
    """Their difference is 0 where both stay or both go, and ±2x elsewhere: a mean square of 2 in all."""
    trainer = netc.loads(NET).trainer(N=200)
    x = np.ones((200, 50), np.float32)
    losses = [trainer.step(x=x, y=np.zeros_like(x)) for _ in range(3)]
    assert all(1.8 < loss < 2.2 for loss in losses)
    assert len(set(losses)) == 3
    assert trainer.evaluate(x=x, y=np.zeros_like(x))[0] < 1e-12
