"""Weights that nothing can hide behind."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netc.compiler.export.export import reference
from netc.compiler.resolve.network import Network


def lively(network: Network, seed: int = 3) -> dict[str, NDArray[Any]]:
    """Random weights, none of them the constant that it starts as, and batch norms' statistics as data leaves them.

    Matrices keep their scale, so that deep networks neither fade nor blow up.
    """
    rng = np.random.default_rng(seed)
    weights = reference(network, None).state_dict()
    for name, array in weights.items():
        if name.endswith("running_mean"):
            made = rng.normal(0, 0.3, array.shape)
        elif name.endswith("running_var"):
            made = rng.uniform(0.5, 2, array.shape)
        elif array.ndim == 1 or np.ptp(array) == 0:
            made = array + rng.normal(0, 0.1, array.shape)
        else:
            made = array * rng.uniform(0.5, 1.5, array.shape)
        weights[name] = made.astype(array.dtype)
    return weights
