"""The gradients of a whole program against central differences."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ports import Port
from ..program import Program
from ..record import Record
from ..trainer import Trainer

# Half the distance of the two points of a difference, in float64.
STEP = 1e-5
# What rounding may change of a loss, in units of its last place.
ROUNDING = 16


class Entry(Record):
    """The largest error of a parameter's gradient, as a part of its largest entry.

    Where all entries are too small for a difference of losses to show a millionth of them, it is a part of the smallest
    that are not: the gradient of a bias before a batch norm is zero, and its differences are rounding alone.
    """

    name: str
    error: float


def gradcheck(program: Program, seed: int, samples: int) -> list[Entry]:
    """Compare at most `samples` entries of each parameter's gradient, on random inputs.

    Dropout draws the same numbers each time. At a kink, such as relu has at 0, the two sides differ for no fault of
    the gradient; a smaller entry of the differences at half the step is taken then.
    """
    trainer = Trainer(program, seed)
    rng = np.random.default_rng(seed)
    batch = {port.name: _random(port, program, rng) for port in (*program.inputs, *program.targets)}
    state = trainer.rng.bit_generator.state
    kept = trainer.state_dict()

    def loss() -> float:
        trainer.rng.bit_generator.state = state
        trainer.start()
        return trainer.differentiate(**batch)

    visible = 1e6 * ROUNDING * float(np.spacing(abs(loss()))) / (2 * STEP)
    exact = {
        p.name: np.array(trainer.gradient_view(p.name), order="C") for p in program.parameters if p.gradient is not None
    }
    entries = []
    for name, gradient in exact.items():
        view = trainer.view(name)
        scale = max(float(np.abs(gradient).max(initial=0.0)), visible)
        places = rng.permutation(gradient.size)[:samples]
        error = max(
            min(abs(_difference(view, place, loss, step) - gradient.flat[place]) for step in (STEP, STEP / 10))
            for place in places
        )
        entries.append(Entry(name, float(error) / scale))
    trainer.load_state_dict(kept)
    return entries


def _difference(view: NDArray[Any], place: int, loss: Any, step: float) -> float:
    index = np.unravel_index(place, view.shape)
    at = float(view[index])
    view[index] = at + step
    above = loss()
    view[index] = at - step
    below = loss()
    view[index] = at
    return float(above - below) / (2 * step)


def _random(port: Port, program: Program, rng: np.random.Generator) -> NDArray[Any]:
    """Numbers that a port accepts: labels below its classes, else from a normal distribution."""
    shape = port.at(program.step_sizes)
    if port.dtype.startswith("float"):
        return rng.normal(size=shape)
    # Where nothing bounds whole numbers, nothing looks anything up by them.
    return rng.integers(port.classes or 2, size=shape)
