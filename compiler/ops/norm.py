"""Normalisation by statistics."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph.field import Field
from ..graph.formula import Formula, named
from ..graph.images import want_float
from ..graph.op import Op, OpError, Types, elements, per_element, primitive


@primitive
class BatchNorm(Op):
    """y = (x − mean) / √(var + eps) · weight + bias, per channel (Ioffe and Szegedy 2015).

    Inputs: x with its channels in dimension `axis`, running mean and running variance, then weight if `scale` and bias
    if `shift`, each [channels]. In training the mean and the biased variance of the batch are used, and
    running = decay · running + (1 − decay) · batch, with the unbiased variance.
    """

    operands = ("x", "running_mean", "running_var", "weight", "bias")
    axis: int
    decay: float
    eps: float
    scale: bool
    shift: bool

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        for statistic in ins[1:]:
            if statistic.shape != (ins[0].shape[self.axis],):
                raise OpError("shape-mismatch", f"{statistic} does not have one number for each channel of {ins[0]}")
        return (ins[0],)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """At inference the statistics fold into a factor and a shift per channel: 2 operations per element."""
        return per_element(2, outs[0])


@primitive
class LayerNorm(Op):
    """y = (x − mean) / √(var + eps) · weight + bias over the last dimension (Ba et al. 2016), with the biased variance.

    Inputs: x, then weight if `scale` and bias if `shift`, each [features].
    """

    operands = ("x", "weight", "bias")
    eps: float
    scale: bool
    shift: bool

    def infer(self, ins: Types) -> Types:
        want_float(ins[0])
        for statistic in ins[1:]:
            if statistic.shape != ins[0].shape[-1:]:
                raise OpError("shape-mismatch", f"{statistic} does not have one number for each feature of {ins[0]}")
        return (ins[0],)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Per element: 1 for the mean, 3 for the variance (− mean, square, sum), 2 to subtract the mean and multiply by
        1/√(var + eps), 1 each to scale and shift; per row 5: two divisions by the size, + eps, root, reciprocal."""
        rows = named("rows", ins[0].with_shape(*ins[0].shape[:-1]).elements)
        return (6 + self.scale + self.shift) * elements(outs[0]) + 5 * rows

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        """None: where the last dimension is a spatial one, all of it is seen."""
        return None
