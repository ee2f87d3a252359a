"""Local response normalisation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.formula import Formula, named
from ..graph.op import Example, Gradients, Op, Types, Values, elements, per_element, primitive
from ..graph.tensor import TensorType

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


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

    def note(self) -> str:
        given = f"alpha = {self.alpha:g} is divided by size = {self.size}"
        return f"{given}; in a formula that does not divide, as the paper's, that is α = {self.alpha / self.size:g}"

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(LrnGradient(self), ins[0], gy),)

    def numpy(self, code: Code) -> None:
        code.call("local_response.lrn", *code.ins, *code.outs, code.like_scratch(), **self.numbers())

    def numbers(self) -> dict[str, object]:
        """The attributes as a kernel's keywords."""
        return {"reach": self.size // 2, "alpha": self.alpha / self.size, "beta": self.beta, "k": self.k}

    def onnx(self, code: OnnxCode) -> None:
        (x,) = code.ins
        attributes = {"size": self.size, "alpha": float(self.alpha), "beta": float(self.beta), "bias": float(self.k)}
        if code.types[0].rank == 4:
            code.last("LRN", x, **attributes)
            return
        # onnxruntime knows images alone.
        axis = code.ints(3)
        code.last("Squeeze", code.node("LRN", code.node("Unsqueeze", x, axis), **attributes), axis)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for size, beta, k in ((1, 0.75, 1.0), (3, 0.5, 2.0), (5, 0.75, 1.0), (5, 1.5, 0.5)):
            for shape in ((2, 7, 3, 4), (2, 3, 1, 1), (1, 1, 2, 3), (3, 2, 2, 1), (2, 6, 5)):
                yield Example(cls(size, 0.7, beta, k), (TensorType("f64", shape),))


@primitive
class LrnGradient(Op):
    """The gradient of a Lrn, `lrn`, from its x and the gradient gy by its output.

    With D = k + alpha / size · Σ x²: gx[c] = gy[c] · D[c]^−beta − 2 · alpha / size · beta · x[c] ·
    Σ gy[j] · x[j] · D[j]^(−beta − 1), over the channels j around c.
    """

    operands = ("x", "gy")
    lrn: Lrn

    def infer(self, ins: Types) -> Types:
        return ins[:1]

    def flops(self, ins: Types, outs: Types) -> Formula:
        """For each element: D again, its two powers, the other sum and its products, and the difference."""
        return per_element(2 * self.lrn.size + 9, outs[0])

    def numpy(self, code: Code) -> None:
        scratch = [code.like_scratch() for _ in range(2)]
        code.call("local_response.lrn_gradient", *code.ins, *code.outs, *scratch, **self.lrn.numbers())

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for example in Lrn.examples():
            assert isinstance(example.op, Lrn)
            yield Example(cls(example.op), example.ins * 2)
