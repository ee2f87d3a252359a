"""Operations that only move elements: transpose, concat, slice."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph.dims import Dim, Poly, show_shape
from ..graph.field import Field, shifted, through, union
from ..graph.formula import NOTHING, Formula, named, plus
from ..graph.op import Op, OpError, Types, primitive
from ..graph.tensor import SPATIAL


class _Move(Op):
    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed."""
        return NOTHING


@primitive
class Transpose(_Move):
    """y's dimension i is x's dimension `order[i]`."""

    operands = ("x",)
    order: tuple[int, ...]

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        return (x.with_shape(*(x.shape[place] for place in self.order)),)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return None


@primitive
class Concat(_Move):
    """The inputs one after the other along `axis`; all other dimensions are equal."""

    operands = ("inputs",)
    axis: int

    def infer(self, ins: Types) -> Types:
        first = ins[0]
        for operand, x in enumerate(ins[1:], 1):
            same = x.rank == first.rank and all(
                a == b for place, (a, b) in enumerate(zip(x.shape, first.shape, strict=True)) if place != self.axis
            )
            if not same or x.dtype != first.dtype:
                raise OpError(
                    "shape-mismatch",
                    f"input {operand + 1} of `concat` is {x}, the first is {first}: "
                    f"they may differ in dimension {self.axis} alone",
                    operand=operand,
                    help="bring the inputs to one size; `pad = half` keeps an odd kernel's size, "
                    "`axis =` joins along another dimension",
                )
        total: Dim = 0
        for x in ins:
            total = x.shape[self.axis] + total
        shape = list(first.shape)
        shape[self.axis] = total
        return (first.with_shape(*shape),)

    def sizes(self, ins: Types, outs: Types) -> tuple[tuple[str, Formula], ...]:
        return (
            (f"dimension {self.axis}", plus(named(f"input {i}", x.shape[self.axis]) for i, x in enumerate(ins, 1))),
        )

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return union(fields) if self.axis not in SPATIAL.get(ins[0].rank, ()) else None


@primitive
class Slice(_Move):
    """The positions `start` up to, not including, `stop` along `axis`."""

    operands = ("x",)
    axis: int
    start: int
    stop: int

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        size = x.shape[self.axis]
        if not isinstance(size, Poly) and self.stop > size:
            raise OpError(
                "shape-mismatch", f"{show_shape(x.shape)} has no position {self.stop - 1} in dimension {self.axis}"
            )
        shape = list(x.shape)
        shape[self.axis] = self.stop - self.start
        return (x.with_shape(*shape),)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        """A slice of positions shifts the field; other slices leave it alone."""
        axes = SPATIAL.get(ins[0].rank, ())
        if fields[0] is None or self.axis not in axes:
            return fields[0]
        return through(fields[0], [shifted(self.start if axis == self.axis else 0) for axis in axes])


@primitive
class LastStep(_Move):
    """The last position of dimension 1: [N, T, …] becomes [N, …]."""

    operands = ("x",)

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        return (x.with_shape(x.shape[0], *x.shape[2:]),)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return fields[0] if SPATIAL.get(outs[0].rank) and len(SPATIAL[outs[0].rank]) == len(fields[0] or ()) else None
