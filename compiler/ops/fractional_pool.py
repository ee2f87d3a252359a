"""Max pooling over regions of uneven sizes."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

from ..graph.dims import Poly
from ..graph.field import Field, Reading, through
from ..graph.formula import Formula, named
from ..graph.op import Op, OpError, Types, elements, primitive
from ..graph.window import AXIS_NAMES, unbound


@primitive
class FractionalMaxPool(Op):
    """The maximum of each region of x [N, channels, …], `regions` of them on each axis.

    On each axis output i reads the positions from cut i up to, not including, cut i + 1 (see `cut`, with this axis's
    number of `offsets`), so each position is in just one region.
    Source: Graham, "Fractional Max-Pooling", 2014, disjoint regions.
    """

    operands = ("x",)
    regions: tuple[int, ...]
    offsets: tuple[int, ...]

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        for axis, regions, extent in zip(AXIS_NAMES[x.rank - 2], self.regions, x.shape[2:], strict=True):
            if isinstance(extent, Poly):
                raise unbound(axis, extent, "uneven regions need a number")
            if regions > extent:
                raise OpError(
                    "window",
                    f"an input of {axis} {extent} cannot be cut into {regions} regions",
                    operand=0,
                    help=f"the size that comes out is at most {extent}",
                )
        return (x.with_shape(*x.shape[:2], *self.regions),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """One comparison less than a region has positions, for each region."""
        return elements(ins[0]) - named("output elements", outs[0].elements)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        axes = zip(ins[0].shape[2:], self.regions, self.offsets, strict=True)
        return through(fields[0], [_reading(extent, *cuts) for extent, *cuts in axes if isinstance(extent, int)])


def cut(extent: int, regions: int, offset: int, place: int) -> int:
    """Where region `place` of an axis starts; each has ⌊α⌋ or ⌈α⌉ positions, where α = extent / regions.

    Graham's pseudo-random sequence aᵢ = ⌈α(i + u)⌉ with u = `offset` / 2⁶⁴, moved so that it starts at 0; in whole
    numbers, so that it is the same on every machine.
    """
    below = regions << 64
    return -(-extent * ((place << 64) + offset) // below) + -extent * offset // below


def offsets(seed: int, count: int) -> tuple[int, ...]:
    """`count` numbers of 64 bits from a seed, by SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
    Generators", 2014)."""
    mask = 2**64 - 1
    numbers = []
    for place in range(1, count + 1):
        z = (seed + place * 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        numbers.append(z ^ (z >> 31))
    return tuple(numbers)


def _reading(extent: int, regions: int, offset: int) -> Reading:
    """Beyond the border the cuts go on as inside; they repeat after (regions, extent) in lowest terms."""
    common = gcd(regions, extent)
    return (
        regions // common,
        extent // common,
        lambda i: (cut(extent, regions, offset, i), cut(extent, regions, offset, i + 1) - 1),
    )
