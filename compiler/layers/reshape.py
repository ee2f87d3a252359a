"""The layer `reshape`."""

from __future__ import annotations

from ..graph.arguments import Sizes
from ..graph.builder import Builder
from ..graph.dims import Dim, product, quotient, show_shape
from ..graph.graph import Value
from ..graph.layer import Layer
from ..graph.op import OpError
from ..ops.reshape import Reshape


class ReshapeLayer(Layer):
    """The same elements in other dimensions; N stays.

    `sizes` lists the dimensions after N, the last one varying fastest; one of them may be -1: what is left.

    Shapes: [N, …] → [N, sizes…], with equal products.
    Parameters: none. MACs: none. FLOPs: none.
    Source: elementary.
    Example: `fc(784) -> reshape([1, 28, 28])`
    """

    sizes: Sizes

    def check(self) -> None:
        if sum(size == -1 for size in self.sizes) > 1 or any(
            isinstance(s, int) and s < 1 and s != -1 for s in self.sizes
        ):
            raise OpError(
                "bad-argument",
                f"`reshape` cannot make {show_shape(self.sizes)}",
                argument="sizes",
                help="sizes are whole numbers from 1 up, and at most one is -1: what is left",
            )

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        (x,) = ins
        n, have = x.type.shape[0], product(x.type.shape[1:])
        known = product(size for size in self.sizes if size != -1)
        left = quotient(have, known)
        if left is None or (left != 1 and -1 not in self.sizes):
            raise OpError(
                "shape-mismatch",
                f"{show_shape(x.type.shape[1:])} has {have} elements, {show_shape(self.sizes)} {known}",
                argument="sizes",
                help="the products must be equal; -1 stands for what is left",
            )
        sizes: list[Dim] = [left if size == -1 else size for size in self.sizes]
        return b(Reshape((n, *sizes)), x)
