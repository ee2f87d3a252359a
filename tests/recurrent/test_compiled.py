"""Loops of whole networks: compiled ones compute what NumPy does, for every batch and length that fits the plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import netc
from netc.compiler.emit import lanes
from netc.runtime.kernels.fast import layout, loops

Array = NDArray[Any]
# float32: sums in another order, through as many steps.
ROUNDING = {"float32": 2e-5, "float64": 1e-12}
TEXT = """net t {{
  input text: i64[N, T]
  target next: i64[N, T]
  embed(11, 6) -> {}
  logits = fc(11)
  output logits
  train {{ loss = cross_entropy; optimizer = sgd(lr = 0.1) }}
}}
"""
CELLS = (
    "elman(20)",
    "elman(9, relu)",
    "gru(12)",
    "lstm(16)",
    "lstm(7, reverse = yes)",
    "lstm(5, bidirectional = concat)",
    "lstm(8) -> gru(8)",
)


def results(cell: str, tier: str, planned: int, n: int, steps: int, dtype: str) -> dict[str, Array]:
    """The gradients and the outputs of a batch."""
    trainer = netc.loads(TEXT.format(cell), tier=tier).trainer(N=planned, T=5, dtype=dtype, seed=3)
    rng = np.random.default_rng(n)
    text, follows = rng.integers(11, size=(2, n, steps))
    found = trainer.gradients(text=text, next=follows)
    return {**found, **trainer.forward(text=text)}


@pytest.mark.parametrize("cell", CELLS)
def test_the_tiers_agree(cell: str, no_other_form: None) -> None:
    for n, steps, dtype in ((33, 5, "float32"), (7, 2, "float64"), (1, 1, "float32")):
        wanted = results(cell, "numpy", 33, n, steps, dtype)
        for name, array in results(cell, "fast", 33, n, steps, dtype).items():
            limit = ROUNDING[dtype] * max(1e-2, float(np.abs(wanted[name]).max()))
            assert np.abs(array - wanted[name]).max() <= limit, (name, n, steps)


@pytest.mark.parametrize("cell", ["elman(20)", "gru(12)", "lstm(16, bidirectional = sum)"])
def test_one_thread_and_two_give_the_same_bits(cell: str, no_other_form: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "WAKING", 0)
    monkeypatch.setattr(lanes, "BYTES", 0)
    two = results(cell, "fast", 40, 40, 5, "float32")
    monkeypatch.setattr("netc.runtime.kernels.lanes._helper", lambda: None)
    for name, array in results(cell, "fast", 40, 40, 5, "float32").items():
        assert np.array_equal(two[name], array), name
    monkeypatch.setattr(layout, "WAKING", 1 << 60)
    monkeypatch.setattr(lanes, "FLOPS", 1 << 60)
    monkeypatch.setattr(lanes, "BYTES", 1 << 40)
    for name, array in results(cell, "fast", 40, 40, 5, "float32").items():
        assert np.abs(two[name] - array).max() <= 1e-6, name


@pytest.fixture
def no_other_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that is left to NumPy fails."""

    def refused(*_: Any) -> Any:
        raise AssertionError("this loop was not compiled")

    monkeypatch.setattr(loops, "_by_steps", refused)


def test_a_loop_that_has_no_compiled_form_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The products of this one are left to BLAS, and the convolutions of the other are no statements of a loop."""
    monkeypatch.setattr(layout, "LARGE", 0)
    wanted = results("lstm(16)", "numpy", 7, 7, 5, "float64")
    for name, array in results("lstm(16)", "fast", 7, 7, 5, "float64").items():
        assert np.abs(array - wanted[name]).max() <= ROUNDING["float64"], name
    source = netc.load("convlstm", tier="fast").trainer(N=2, T=3).program.source
    assert "loop(" not in source
    assert "    for " in source
