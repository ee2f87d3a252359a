"""Receptive fields: which stretch of the input each output position sees, per spatial axis.

Exact also where up-sampling makes neighbours see stretches of different lengths. Sizes are not cut at the border of
the input. For networks without up-sampling they follow Araujo et al., "Computing Receptive Fields of Convolutional
Neural Networks", Distill 2019, equations 2 to 6.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import gcd, lcm
from operator import sub

from ...runtime.record import Record

# Each layer costs as much as it has phases: where a network up-samples by more than this, its field is left open.
PHASES = 64


class Axis(Record):
    """Output position `i + k·P` sees the input positions `lows[i] + k·advance` to `highs[i] + k·advance`.

    P is the number of phases, the length of `lows` and `highs`: 1 unless something up-samples.
    """

    advance: int
    lows: tuple[int, ...]
    highs: tuple[int, ...]

    @property
    def size(self) -> int:
        """The number of input positions that an output position sees at most."""
        seen: Iterable[int] = map(sub, self.highs, self.lows)
        return max(seen) + 1

    def stretch(self, low: int, high: int) -> tuple[int, int]:
        """What positions `low` to `high` see together: the first and last input position."""
        phases = len(self.lows)
        return (
            self.lows[low % phases] + low // phases * self.advance,
            self.highs[high % phases] + high // phases * self.advance,
        )


Field = tuple[Axis, ...] | None
START = Axis(1, (0,), (0,))

# How a layer reads one axis: each `up` outputs, what they read moves on by `down` positions, and output i reads the
# positions from `reads(i)[0]` to `reads(i)[1]`.
Reading = tuple[int, int, Callable[[int], tuple[int, int]]]


def through(field: Field, readings: Iterable[Reading]) -> Field:
    """The field of a layer that reads each axis so; None when that of its input is, or has over PHASES phases."""
    if field is None:
        return None
    axes = []
    for axis, (up, down, reads) in zip(field, readings, strict=True):
        common = gcd(len(axis.lows), down)
        phases = up * (len(axis.lows) // common)
        if phases > PHASES:
            return None
        stretches = [axis.stretch(*reads(place)) for place in range(phases)]
        axes.append(Axis(axis.advance * (down // common), *map(tuple, zip(*stretches, strict=True))))
    return tuple(axes)


def shifted(by: int) -> Reading:
    """Output i reads position i + `by`."""
    return 1, 1, lambda place: (place + by, place + by)


def whole(extent: int) -> Reading:
    """The one output reads all `extent` positions."""
    return 1, extent, lambda place: (place * extent, place * extent + extent - 1)


def union(fields: Iterable[Field]) -> Field:
    """The field of something that sees all of these at one place; None when one is unknown or their steps differ."""
    result: Field = None
    for place, field in enumerate(fields):
        if field is None:
            return None
        if place == 0:
            result = field
        elif result is not None and field is not result:
            result = _pair(result, field)
            if result is None:
                return None
    return result


def _pair(a: tuple[Axis, ...], b: tuple[Axis, ...]) -> Field:
    if len(a) != len(b) or any(x.advance * len(y.lows) != y.advance * len(x.lows) for x, y in zip(a, b, strict=True)):
        return None
    axes = []
    for x, y in zip(a, b, strict=True):
        phases = lcm(len(x.lows), len(y.lows))
        if phases > PHASES:
            return None
        pairs = [(x.stretch(place, place), y.stretch(place, place)) for place in range(phases)]
        axes.append(
            Axis(
                x.advance * (phases // len(x.lows)),
                tuple(min(left[0], right[0]) for left, right in pairs),
                tuple(max(left[1], right[1]) for left, right in pairs),
            )
        )
    return tuple(axes)
