"""Into what parts a product of a step is divided.

OpenBLAS reads matrices where they lie for up to `SMALL` multiplications. For more it first brings both into an order of
its own, on two threads. Up to `DIVIDED`, parts of the small size take no more time on one thread, and leave what the
step goes on with in the cache of one processor: of an LSTM's step of training, 128 units, batch 32, that is 3 %.
"""

from __future__ import annotations

from ..graph.dims import Dim

SMALL, DIVIDED = 10**6, 5 * 10**6 // 2
# The features and samples of a part fill the vectors of its kernel.
LANES = 16
# The samples that a part has at least.
FEWEST = 8


def part_of_units(samples: int, rows: Dim, units: Dim) -> int | None:
    """How many units each part has of a product of values that lie feature by feature, [samples, rows] by [rows,
    units]; None where it is better not divided."""
    assert isinstance(rows, int)
    assert isinstance(units, int)
    macs = samples * rows * units
    if samples % LANES or not SMALL < macs <= DIVIDED:
        return None
    even = (units // count for count in range(2, units // LANES + 1) if units % (count * LANES) == 0)
    return next((part for part in even if samples * rows * part <= SMALL), None)


def rows_of_part(samples: int, rows: Dim, units: Dim) -> int | None:
    """How many samples each part has of a product of values that lie in rows, [samples, rows] by [rows, units]: as many
    as make it small; None where these are too few."""
    assert isinstance(rows, int)
    assert isinstance(units, int)
    even = (samples // count for count in range(1, samples // FEWEST + 1) if samples % count == 0)
    return next((part for part in even if part * rows * units <= SMALL), None)
