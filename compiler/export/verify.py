"""The proof that a model is the network: onnxruntime against the NumPy program, on the spot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...runtime.ports import Port
from ...runtime.session import Session
from ...runtime.trainer import Trainer

Array = NDArray[Any]

# The batches that are compared; the largest other symbolic size is that of the trainer's program.
BATCHES = (1, 3)
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
# How much more rounding than the NumPy program's own a model may show where the network magnifies it.
MAGNIFIED = 8


@dataclass(frozen=True, slots=True)
class Difference:
    """The largest difference of an output at one batch, as a part of the output's largest entry.

    Where it is more than rounding should make, `model` and `program` are the same for both against the program in
    float64: a network may magnify rounding, and then it does so in both.
    """

    output: str
    batch: int
    error: float
    model: float | None = None
    program: float | None = None

    def equal(self, tolerance: float) -> bool:
        """Whether the two are the same but for rounding."""
        if self.error <= tolerance:
            return True
        if self.model is None or self.program is None:
            return False
        return self.model <= max(tolerance, MAGNIFIED * self.program)


def compare(session: Session, trainer: Trainer, exact: Callable[[], Trainer], seed: int = 0) -> list[Difference]:
    """The outputs of both at each batch, on random inputs; `exact` makes the program in float64."""
    rng = np.random.default_rng(seed)
    allowed = tolerance(trainer)
    found = []
    for batch in BATCHES:
        sizes = {**trainer.program.sizes, "N": batch}
        arrays = {port.name: random_input(port, sizes, rng) for port in trainer.program.inputs}
        there, here = session.run(arrays), trainer.forward(**arrays)
        differences = [Difference(name, batch, _error(there[name], wanted)) for name, wanted in here.items()]
        if any(difference.error > allowed for difference in differences):
            truth = exact().forward(**arrays)
            differences = [
                replace(
                    d, model=_error(there[d.output], truth[d.output]), program=_error(here[d.output], truth[d.output])
                )
                for d in differences
            ]
        found += differences
    return found


def _error(there: Array, wanted: Array) -> float:
    """The largest difference as a part of the largest entry, where what is wanted is finite."""
    if there.shape != wanted.shape:
        return float("inf")
    finite = np.isfinite(wanted)
    if not np.isfinite(there[finite]).all():
        return float("inf")
    scale = max(float(np.abs(wanted[finite]).max(initial=0)), 1e-30)
    return float(np.abs(there[finite] - wanted[finite]).max(initial=0)) / scale


def random_input(port: Port, sizes: Mapping[str, int], rng: np.random.Generator) -> Array:
    """Numbers that a port takes, from a normal distribution or, where they are whole, from those that are known."""
    shape = tuple(sizes[dim] if isinstance(dim, str) else dim for dim in port.dims)
    if port.dtype.startswith("float"):
        return rng.normal(size=shape).astype(port.dtype)
    return rng.integers(port.classes or 2, size=shape).astype(port.dtype)


def tolerance(trainer: Trainer) -> float:
    """What the difference may be, for rounding alone."""
    return TOLERANCE[trainer.program.dtype]
