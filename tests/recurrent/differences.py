"""Gradients by central differences: every entry of every parameter, in float64."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netc.runtime.trainer import Trainer

Array = NDArray[Any]
STEP = 1e-5


def worst(trainer: Trainer, arrays: Mapping[str, Array]) -> dict[str, float]:
    """The largest error of each parameter's gradient, as a part of the largest entry of all gradients.

    Dropout draws the same numbers each time.
    """
    drawn = trainer.rng.bit_generator.state

    def loss() -> float:
        trainer.rng.bit_generator.state = drawn
        return trainer.differentiate(**arrays)

    loss()
    parameters = [parameter.name for parameter in trainer.program.parameters if parameter.gradient is not None]
    found = {name: np.array(trainer.gradient_view(name)) for name in parameters}
    scale = max(float(np.abs(gradient).max()) for gradient in found.values())
    errors = {}
    for name, gradient in found.items():
        view = trainer.view(name)
        wanted = np.empty_like(gradient)
        for place in np.ndindex(view.shape):
            at = float(view[place])
            view[place] = at + STEP
            above = loss()
            view[place] = at - STEP
            wanted[place] = (above - loss()) / (2 * STEP)
            view[place] = at
        errors[name] = float(np.abs(gradient - wanted).max()) / scale
    return errors
