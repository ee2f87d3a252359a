"""Softmax and its logarithm."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph.dims import product
from ..graph.field import Field
from ..graph.formula import Formula, named
from ..graph.images import want_float
from ..graph.op import Op, Types, elements, primitive
from ..graph.tensor import SPATIAL


class _Softmax(Op):
    operands = ("x",)

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        return ins


@primitive
class Softmax(_Softmax):
    """y = e^(x − max) / Σ e^(x − max) along `axis`."""

    axis: int

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Per element: compare for the maximum, subtract it, exponential, sum, divide."""
        return 5 * elements(outs[0])

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return fields[0] if self.axis not in SPATIAL.get(ins[0].rank, ()) else None


@primitive
class LogSoftmax(_Softmax):
    """y = x − max − log Σ e^(x − max) along `axis`."""

    axis: int

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Per element: compare for the maximum, subtract it, exponential, sum, subtract; and a logarithm per row."""
        shape = ins[0].shape
        rows = product(size for place, size in enumerate(shape) if place != self.axis)
        return 5 * elements(outs[0]) + named("rows", rows)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return fields[0] if self.axis not in SPATIAL.get(ins[0].rank, ()) else None
