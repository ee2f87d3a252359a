"""The proof that a model is the network: onnxruntime against the NumPy program, on the spot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...runtime.measure import random_input
from ...runtime.record import Record, replace
from ...runtime.session import Session
from ...runtime.trainer import Trainer
from ...runtime.training.diagnosis import watched

Array = NDArray[Any]

# The batches that are compared; the largest other symbolic size is that of the trainer's program.
BATCHES = (1, 3)
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
# How much of what the network makes of rounding a model may show, where that is above the tolerance.
MAGNIFIED = 4
# How often the numbers on the way are moved to see what the network makes of rounding.
DRAWS = 4
# Layers that onnxruntime computes to an absolute accuracy: a sigmoid is off by up to 1e-7, however small it is.
ABSOLUTE = ("sigmoid", "silu", "gelu")


class Difference(Record):
    """The largest difference of an output at one batch, as a part of the output's largest entry; None where no entry of
    the output is finite, so that there is nothing to compare. `finite` says whether all entries are.

    Where it is above the tolerance, the program in float64 is the judge: `model` and `program` are how far both are
    from it, and `rounding` how far its own output moves when each layer's numbers do, by the last digit of the largest.
    """

    output: str
    batch: int
    error: float | None
    finite: bool = True
    model: float | None = None
    program: float | None = None
    rounding: float | None = None

    def equal(self, tolerance: float) -> bool:
        """Whether the two are the same but for rounding."""
        if self.error is None or self.error <= tolerance:
            return True
        if self.model is None or self.program is None or self.rounding is None:
            return False
        return self.model <= max(tolerance, MAGNIFIED * max(self.program, self.rounding))


def compare(
    session: Session, trainer: Trainer, exact: Callable[[], Trainer], at: Sequence[Mapping[str, int]], seed: int = 0
) -> list[Difference]:
    """The outputs of both on random inputs, with each of these numbers for symbolic dimensions; those that are not in
    them are what the trainer is planned for. `exact` makes the program in float64."""
    rng = np.random.default_rng(seed)
    allowed = tolerance(trainer)
    found = []
    for number, chosen in enumerate(at):
        sizes = {**trainer.program.sizes, **chosen}
        arrays = {port.name: random_input(port, sizes, rng) for port in trainer.program.inputs}
        if number % 2:
            # As most data are; a logarithm of them is a number.
            arrays = {name: np.abs(array) for name, array in arrays.items()}
        there, here = session.run(arrays), trainer.forward(**arrays)
        differences = [
            Difference(name, sizes["N"], _error(there[name], wanted), bool(np.isfinite(wanted).all()))
            for name, wanted in here.items()
        ]
        if not all(difference.equal(allowed) for difference in differences):
            judge = exact()
            truth = judge.forward(**arrays)
            shaken = _shaken(judge, arrays, float(np.finfo(trainer.program.dtype).eps))
            differences = [
                replace(
                    difference,
                    model=_error(there[name], wanted),
                    program=_error(here[name], wanted),
                    rounding=max(_error(outputs[name], wanted) or 0.0 for outputs in shaken),
                )
                if not difference.equal(allowed)
                else difference
                for difference, (name, wanted) in zip(differences, truth.items(), strict=True)
            ]
        found += differences
    return found


def _shaken(judge: Trainer, arrays: Mapping[str, Array], eps: float) -> list[dict[str, Array]]:
    """The outputs when eps · the largest number · a normal one is added to what each layer reads and makes, some times:
    Monte Carlo arithmetic (Parker 1997), in the measure by which outputs are compared."""
    rng = np.random.default_rng(0)

    def shake(layer: str, *values: Array) -> None:
        least = 1.0 if layer.partition(": ")[2].startswith(ABSOLUTE) else 0.0
        for value in values:
            if value.dtype.kind == "f":
                largest = np.abs(value).max(initial=least, where=np.isfinite(value))
                value += eps * largest * rng.normal(size=value.shape)

    found = []
    for _ in range(DRAWS):
        results = watched(judge, "predict", shake, {name: np.array(array) for name, array in arrays.items()})
        found.append({name: np.array(x) for name, x in zip(judge.program.outputs, results, strict=True)})
    return found


def _error(there: Array, wanted: Array) -> float | None:
    """The largest difference as a part of the largest entry, where what is wanted is finite; None where nothing is."""
    if there.shape != wanted.shape:
        return float("inf")
    finite = np.isfinite(wanted)
    if wanted.size and not finite.any():
        return None
    # Numbers of any type can be subtracted in float64, truth values too.
    found, meant = there[finite].astype(np.float64), wanted[finite].astype(np.float64)
    if not np.isfinite(found).all():
        return float("inf")
    scale = max(float(np.abs(meant).max(initial=0)), 1e-30)
    return float(np.abs(found - meant).max(initial=0)) / scale


def tolerance(trainer: Trainer) -> float:
    """What the difference may be, for rounding alone."""
    return TOLERANCE[trainer.program.dtype]
