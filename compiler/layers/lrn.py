"""The layer `lrn`."""

from __future__ import annotations

from ..graph.arguments import Positive, Real
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.images import on_images
from ..graph.layer import Layer
from ..graph.op import OpError
from ..ops.lrn import Lrn


class LrnLayer(Layer):
    """Local response normalisation across channels: y = x / (k + alpha/size · Σ x²)^beta.

    The sum runs over the `size` channels around each one, an odd number, at the same position; beyond the first and
    last channel it counts zeros. `alpha` is divided by `size`, as in PyTorch, ONNX and Caffe: the α = 10⁻⁴ of the
    paper's formula, which does not divide, is `alpha = 5e-4` here, with n = 5.

    Shapes: [N, channels, height, width] or [N, channels, length] → the same, and every step of
    [N, T, channels, height, width].
    Parameters: none. MACs: none. FLOPs: size + 4 per element.
    Source: Krizhevsky, Sutskever, Hinton 2012, "ImageNet classification with deep convolutional neural networks",
    section 3.3; the defaults are PyTorch's.
    Example: `lrn(5, alpha = 5e-4, beta = 0.75, k = 2)`
    """

    size: Positive
    alpha: Real = 1e-4
    beta: Real = 0.75
    k: Real = 1.0

    def check(self) -> None:
        if self.size % 2 == 0:
            raise OpError(
                "bad-argument",
                f"`size` is {self.size}, and an even number of channels has no middle",
                argument="size",
                label="frameworks disagree on which side is longer",
                help=f"write an odd number: {self.size - 1} or {self.size + 1}",
            )
        if self.k <= 0 or self.alpha < 0:
            name, value = ("k", self.k) if self.k <= 0 else ("alpha", self.alpha)
            raise OpError(
                "bad-argument",
                f"`{name}` is {value}, with which `lrn` could divide by zero",
                argument=name,
                help=f"write a number {'above 0' if name == 'k' else 'from 0 up'}",
            )

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        op = Lrn(self.size, self.alpha, self.beta, self.k)
        return on_images(b, ins, lambda images: b(op, images[0]))
