"""Local response normalisation."""

from __future__ import annotations

from ..graph.formula import Formula, named
from ..graph.op import Op, Types, elements, primitive


@primitive
class Lrn(Op):
    """y[n, c] = x[n, c] / (k + alpha / size · Σ x[n, j]²)^beta at each position of x [N, channels, …].

    The sum runs over the `size` channels j around c, an odd number; those beyond the first and last count as 0.
    Source: Krizhevsky, Sutskever, Hinton 2012, section 3.3, with alpha divided by size as in PyTorch and ONNX.
    """

    operands = ("x",)
    size: int
    alpha: float
    beta: float
    k: float

    def infer(self, ins: Types) -> Types:
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        """For each element: its square, size − 1 additions, the multiplication by alpha / size, the addition of k, the
        power and the division."""
        return (named("size", self.size) + 4) * elements(outs[0])
