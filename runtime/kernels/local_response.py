"""Local response normalisation over neighbouring channels, dimension 1 of its arrays.

`alpha` is already divided by the size of the neighbourhood, which goes `reach` channels to both sides.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def lrn(x: Array, y: Array, scratch: Array, *, reach: int, alpha: float, beta: float, k: float) -> None:
    """y = x / (k + alpha · Σ x²)^beta."""
    lrn_base(x, y, scratch, reach, alpha, k)
    np.power(y, -beta, out=y)
    y *= x


def lrn_gradient(
    x: Array,
    gy: Array,
    gx: Array,
    base: Array,
    scratch: Array,
    *,
    reach: int,
    alpha: float,
    beta: float,
    k: float,
) -> None:
    """gx = gy · base^−beta − 2 · alpha · beta · x · Σ gy · x · base^(−beta − 1) with base = k + alpha · Σ x²."""
    lrn_base(x, base, scratch, reach, alpha, k)
    np.power(base, -beta, out=scratch)
    scratch *= gy
    np.divide(scratch, base, out=base)
    base *= x
    around(base, gx, reach)
    gx *= x
    gx *= -2 * alpha * beta
    gx += scratch


def lrn_base(x: Array, base: Array, scratch: Array, reach: int, alpha: float, k: float) -> None:
    """base = k + alpha · Σ x²."""
    np.multiply(x, x, out=scratch)
    around(scratch, base, reach)
    base *= alpha
    base += k


def around(x: Array, sums: Array, reach: int) -> None:
    """The sums over the channels up to `reach` away; channels beyond the first and last count as 0."""
    np.copyto(sums, x)
    for step in range(1, min(reach, x.shape[1] - 1) + 1):
        after, before = sums[:, step:], sums[:, :-step]
        after += x[:, :-step]
        before += x[:, step:]
