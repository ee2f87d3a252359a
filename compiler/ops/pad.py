"""Zeros around an image, and the cutting away of its border: each is the other's gradient."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph.dims import Poly
from ..graph.field import Field, shifted, through
from ..graph.formula import NOTHING, Formula, named
from ..graph.op import Op, OpError, Types, primitive
from ..graph.window import AXIS_NAMES, Sizes

Pairs = tuple[tuple[int, int], ...]


@primitive
class Pad(Op):
    """x [N, channels, …] with zeros around it; `pads` holds (before, after) for each spatial dimension."""

    operands = ("x",)
    pads: Pairs

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        return (x.with_shape(*x.shape[:2], *(size.value for _, size in self.sizes(ins, ()))),)

    def sizes(self, ins: Types, outs: Types) -> Sizes:
        axes = zip(AXIS_NAMES[len(self.pads)], ins[0].shape[2:], self.pads, strict=True)
        return tuple((axis, named(f"input {axis}", size) + named("padding", sum(pair))) for axis, size, pair in axes)

    def padding(self) -> tuple[int, ...]:
        return tuple(side for pair in self.pads for side in pair)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed."""
        return NOTHING

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return through(fields[0], [shifted(-before) for before, _ in self.pads])


@primitive
class Crop(Op):
    """x [N, channels, …] without its border; `cuts` holds how many positions go (before, after) on each axis."""

    operands = ("x",)
    cuts: Pairs

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        sizes = tuple(size.value for _, size in self.sizes(ins, ()))
        for axis, size, before in zip(AXIS_NAMES[len(self.cuts)], sizes, x.shape[2:], strict=True):
            if not isinstance(size, Poly) and size < 1:
                raise OpError("shape-mismatch", f"an input of {axis} {before} is cut down to {size}", operand=0)
        return (x.with_shape(*x.shape[:2], *sizes),)

    def sizes(self, ins: Types, outs: Types) -> Sizes:
        axes = zip(AXIS_NAMES[len(self.cuts)], ins[0].shape[2:], self.cuts, strict=True)
        return tuple((axis, named(f"input {axis}", size) - named("cut away", sum(pair))) for axis, size, pair in axes)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed."""
        return NOTHING

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return through(fields[0], [shifted(before) for before, _ in self.cuts])
