"""Pooling over all positions of each map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.dims import Poly, product
from ..graph.field import Field, through, whole
from ..graph.formula import Formula, named
from ..graph.op import Example, Gradients, Op, Types, Values, elements, per_element, primitive
from ..graph.tensor import TensorType
from .sliding import block, image

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


class GlobalPool(Op):
    """Pools x [N, channels, …] to one number for each map; the spatial dimensions stay as 1."""

    operands = ("x",)

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        return (x.with_shape(*x.shape[:2], *(1 for _ in x.shape[2:])),)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        extents = [extent for extent in ins[0].shape[2:] if not isinstance(extent, Poly)]
        return through(fields[0], map(whole, extents)) if len(extents) == ins[0].rank - 2 else None


@primitive
class GlobalMaxPool(GlobalPool):
    """The maximum of each map."""

    def flops(self, ins: Types, outs: Types) -> Formula:
        """One comparison less than a map has positions, for each map."""
        return elements(ins[0]) - named("maps × batch", outs[0].elements)

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (x,), (y,), (gy,) = ins, outs, gys
        assert gy is not None
        return (b(GlobalMaxPoolGradient(), x, y, gy),)

    def numpy(self, code: Code) -> None:
        (x,), (y,) = code.ins, code.outs
        code(f"np.max({x}, axis={tuple(range(2, code.types[0].rank))}, keepdims=True, out={y})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("GlobalMaxPool", *code.ins)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for shape in SHAPES:
            yield Example(cls(), (TensorType("f64", shape),), apart=())


@primitive
class GlobalMaxPoolGradient(Op):
    """The gradient of GlobalMaxPool, from its x and y and the gradient gy by y: all of it goes to the first maximum of
    each map, row by row."""

    operands = ("x", "y", "gy")

    def infer(self, ins: Types) -> Types:
        return ins[:1]

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A comparison and a multiplication for each element."""
        return per_element(2, ins[0])

    def numpy(self, code: Code) -> None:
        arrays = code.image(0), code.image(1), code.image(2), code.image_out()
        _, *sizes = type = image(code.types[0])
        images, _ = block(code, type)
        flags = [code.scratch(images, *sizes, dtype="bool") for _ in range(2)]
        code.call("pooling.global_max_pool_gradient", *arrays, *flags)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for example in GlobalMaxPool.examples():
            yield Example(cls(), (*example.ins, *example.op.infer(example.ins) * 2))


@primitive
class GlobalAvgPool(GlobalPool):
    """The mean of each map."""

    def flops(self, ins: Types, outs: Types) -> Formula:
        """One addition less than a map has positions, and one division, for each map."""
        return elements(ins[0])

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(GlobalAvgPoolGradient(ins[0].type), gy),)

    def numpy(self, code: Code) -> None:
        n, height, width, channels = (code.size(size) for size in image(code.types[0]))
        x, y = code.image(0), code.image_out()
        maps = code.view(f"{x}.transpose(0, 2, 3, 1).reshape({n}, {height} * {width}, {channels})")
        means = code.view(f"{y}.transpose(0, 2, 3, 1).reshape({n}, {channels})")
        # As a product, since BLAS adds rows faster than NumPy.
        weights = code.scratch(product(image(code.types[0])[1:3]))
        code(f"{weights}.fill(1 / ({height} * {width}))")
        code(f"np.matmul({weights}, {maps}, out={means})")

    def onnx(self, code: OnnxCode) -> None:
        code.last("GlobalAveragePool", *code.ins)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for shape in SHAPES:
            yield Example(cls(), (TensorType("f64", shape),))


@primitive
class GlobalAvgPoolGradient(Op):
    """The gradient of GlobalAvgPool of an x of `type`, from the gradient gy by its output: gy / positions of a map."""

    operands = ("gy",)
    type: TensorType

    def infer(self, ins: Types) -> Types:
        return (self.type,)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A division for each element."""
        return elements(outs[0])

    def numpy(self, code: Code) -> None:
        (gy,), (gx,) = code.ins, code.outs
        positions = " * ".join(code.size(size) for size in self.type.shape[2:])
        code(f"np.divide({gy}, {positions}, out={gx})")

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for shape in SHAPES:
            type = TensorType("f64", shape)
            yield Example(cls(type), GlobalAvgPool().infer((type,)))


SHAPES = (
    *((2, 3, 4, 5), (1, 1, 3, 3), (3, 4, 1, 1), (2, 1, 1, 6), (2, 5, 4, 1), (1, 1, 1, 1), (1, 3, 7, 7), (2, 7, 3, 2)),
    *((5, 2, 2, 9), (3, 1, 5, 5), (1, 9, 2, 3), (2, 2, 11, 1), (2, 3, 7), (1, 1, 1), (3, 2, 1), (1, 5, 4)),
    *((4, 1, 9), (2, 7, 2), (1, 1, 13), (5, 3, 3)),
)
