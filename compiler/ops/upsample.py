"""Up-sampling of images by whole factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..graph.field import Field, Reading, through
from ..graph.formula import NOTHING, Formula, named
from ..graph.op import Op, Types, primitive
from ..graph.window import AXIS_NAMES, Sizes


@primitive
class Upsample(Op):
    """x [N, channels, …] with each spatial dimension `factors` times as large.

    `nearest`: output i is input ⌊i / factor⌋. `bilinear`: output i lies at (i + ½) / factor − ½ in the input, and
    weighs its two neighbours on each axis by their nearness; beyond the border the border repeats (half-pixel centres,
    PyTorch's `align_corners=False`).
    """

    operands = ("x",)
    factors: tuple[int, ...]
    mode: Literal["nearest", "bilinear"]

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        return (x.with_shape(*x.shape[:2], *(size.value for _, size in self.sizes(ins, ()))),)

    def sizes(self, ins: Types, outs: Types) -> Sizes:
        axes = zip(AXIS_NAMES[len(self.factors)], ins[0].shape[2:], self.factors, strict=True)
        return tuple((axis, named(f"input {axis}", size) * named("factor", factor)) for axis, size, factor in axes)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """`nearest`: none. `bilinear`: for each output element a multiplication for each of its 2 or 4 neighbours, and
        one addition less; axes of factor 1 have no second neighbour."""
        neighbours = 2 ** sum(factor > 1 for factor in self.factors)
        if self.mode == "nearest" or neighbours == 1:
            return NOTHING
        return (2 * named("neighbours", neighbours) - 1) * named("output elements", outs[0].elements)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return through(fields[0], [_reading(factor, self.mode) for factor in self.factors])


def _reading(factor: int, mode: str) -> Reading:
    if mode == "nearest":
        return factor, 1, lambda i: (i // factor, i // factor)
    return factor, 1, lambda i: ((2 * i + 1 - factor) // (2 * factor), -((factor - 1 - 2 * i) // (2 * factor)))
