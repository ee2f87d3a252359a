"""The learning rate and other numbers that change from epoch to epoch."""

from __future__ import annotations

import math

Phase = tuple[str, tuple[float, ...], int | None]


def learning_rate(phases: tuple[Phase, ...], epoch: int) -> float:
    """The factor of the learning rate after `epoch` epochs.

    A phase is its kind, its numbers and its length in epochs, None for the last one. With e the epochs since its start:
    constant 1; step (factor, every) factor^⌊e/every⌋; milestones (factor, m, …) factor to the number of m that e has
    reached; exponential (decay, every) decay^⌊e/every⌋; cosine (floor) over its length L, floor +
    (1 − floor)(1 + cos(π e/L))/2, and floor afterwards (Loshchilov and Hutter 2017, equation 5); warmup (e + 1)/L.
    After the last phase its last factor stays.
    """
    start = 0
    for number, (_, _, length) in enumerate(phases):
        last = number == len(phases) - 1
        if last or length is None or epoch < start + length:
            return _factor(phases[number], epoch - start)
        start += length
    raise AssertionError("a schedule has at least one phase")


def _factor(phase: Phase, e: int) -> float:
    kind, numbers, length = phase
    if kind == "constant":
        return 1.0
    if kind in ("step", "exponential"):
        factor, every = numbers
        return float(factor ** (e // int(every)))
    if kind == "milestones":
        factor, *milestones = numbers
        return float(factor ** sum(e >= milestone for milestone in milestones))
    assert length is not None
    if kind == "cosine":
        (floor,) = numbers
        return floor + (1 - floor) * (1 + math.cos(math.pi * min(e / length, 1.0))) / 2
    return min((e + 1) / length, 1.0)


def ramp(start: float, end: float, after: float, epoch: int) -> float:
    """A number that goes in a straight line from `start` to `end` over `after` epochs."""
    return start + (end - start) * min(epoch / after, 1.0)
