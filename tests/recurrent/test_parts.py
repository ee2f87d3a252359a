"""Products of a step that are made in parts."""

from __future__ import annotations

import numpy as np
import pytest

import netc
from netc.compiler.recurrence.parts import LANES, SMALL, part_of_units

from .cells import lively

# Features that the step back of each cell multiplies its weight by, and whether that product is made in parts at a
# batch of 32.
CELLS = {
    "gru(128, reset = before)": True,
    "gru(128, reset = before, reverse = yes)": True,
    "lstm(128)": True,
    "lstm(128, biases = 1, peephole = yes)": True,
    "elman(128)": False,
}
DIVIDED = ".transpose(1, 2, 0)"

TEXT = """
net reader {{
  input x: f32[N, T, 4]
  target y: i64[N, T]
  {cell}
  logits = fc(5)
  output logits
  train {{ loss = cross_entropy; optimizer = sgd(lr = 0.1) }}
}}
"""


@pytest.mark.parametrize(
    ("samples", "rows", "units", "part"),
    [
        (32, 512, 128, 32),
        (32, 384, 128, 64),
        (16, 512, 128, 64),
        (32, 128, 128, None),  # small as a whole
        (64, 512, 128, None),  # too large
        (33, 512, 128, None),
        (32, 512, 120, None),  # no parts of whole vectors
        (16, 4096, 32, None),  # no part is small
    ],
)
def test_parts_are_small_and_fill_vectors(samples: int, rows: int, units: int, part: int | None) -> None:
    assert part_of_units(samples, rows, units) == part
    assert part is None or (part % LANES == 0 and units % part == 0 and samples * rows * part <= SMALL)


@pytest.mark.parametrize(("cell", "divided"), CELLS.items())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_gradients_are_those_of_the_whole_product(cell: str, divided: bool, dtype: str) -> None:
    """A program planned for 33 samples, which are no whole vectors, makes whole products; also of 32, and of 7."""
    text = TEXT.format(cell=cell)
    trainers = [netc.loads(text).trainer(dtype=dtype, N=samples, T=3) for samples in (32, 33)]
    assert [DIVIDED in trainer.program.source for trainer in trainers] == [divided, False]
    state = lively(trainers[0].state_dict())
    rng = np.random.default_rng(0)
    for samples in (32, 7):
        arrays = {"x": rng.normal(size=(samples, 3, 4)).astype(dtype), "y": rng.integers(0, 5, (samples, 3))}
        found = []
        for trainer in trainers:
            trainer.load_state_dict(state)
            found.append({name: value.copy() for name, value in trainer.gradients(**arrays).items()})
        for name, value in found[0].items():
            close = 1e-5 if dtype == "float32" else 1e-12
            assert np.abs(value - found[1][name]).max() <= close * np.abs(value).max(), name


def test_the_tier_fast_reads_the_weight_transposed() -> None:
    trainer = netc.loads(TEXT.format(cell="gru(128, reset = before)"), tier="fast").trainer(N=32, T=3)
    assert DIVIDED not in trainer.program.source
