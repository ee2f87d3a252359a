"""Up-sampling of images by whole factors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Literal

from ..graph.code import Code
from ..graph.field import Field, Reading, through
from ..graph.formula import NOTHING, Formula, named
from ..graph.op import Example, Gradients, Op, Types, Values, primitive
from ..graph.tensor import TensorType
from ..graph.window import AXIS_NAMES, Sizes
from .sliding import block, image

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode

Mode = Literal["nearest", "bilinear"]


@primitive
class Upsample(Op):
    """x [N, channels, …] with each spatial dimension `factors` times as large.

    `nearest`: output i is input ⌊i / factor⌋. `bilinear`: output i lies at (i + ½) / factor − ½ in the input, and
    weighs its two neighbours on each axis by their nearness; beyond the border the border repeats (half-pixel centres,
    PyTorch's `align_corners=False`).
    """

    operands = ("x",)
    factors: tuple[int, ...]
    mode: Mode

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

    def simplify(self, b: Make, ins: Values) -> Values | None:
        return ins if all(factor == 1 for factor in self.factors) else None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(UpsampleGradient(self, ins[0].type), gy),)

    def numpy(self, code: Code) -> None:
        scratch = self.scratch(code, code.types[0])
        code.call(f"resampling.{self.mode}", code.image(0), code.image_out(), *scratch, factors=self.pair())

    def pair(self) -> tuple[int, int]:
        """The factors of height and width."""
        height, width = self.factors if len(self.factors) == 2 else (1, *self.factors)
        return height, width

    def scratch(self, code: Code, small: TensorType) -> tuple[str, ...]:
        """Scratch memory for images that are stretched on one axis so far."""
        if self.mode == "nearest":
            return ()
        n, height, width, channels = image(small)
        tall = (n, height * self.pair()[0], width, channels)
        images, _ = block(code, tall)
        return tuple(code.scratch(images, *tall[1:]) for _ in range(2))

    def onnx(self, code: OnnxCode) -> None:
        scales = code.constant("f32", (2 + len(self.factors),), (1.0, 1.0, *map(float, self.factors)))
        mode = {"nearest": "nearest", "bilinear": "linear"}[self.mode]
        at = "asymmetric" if self.mode == "nearest" else "half_pixel"
        rounded = {"nearest_mode": "floor"} if self.mode == "nearest" else {}
        code.last("Resize", *code.ins, "", scales, mode=mode, coordinate_transformation_mode=at, **rounded)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        forms = [((2, 2), (3, 4)), ((1, 3), (2, 5)), ((4, 1), (3, 2)), ((3, 2), (1, 1)), ((1, 1), (2, 2))]
        modes: tuple[Mode, ...] = ("nearest", "bilinear")
        for mode, (factors, extents), channels in product(modes, forms, (1, 3)):
            x = TensorType("f64", (2, channels, *extents))
            yield Example(cls(factors, mode), (x,))
            yield Example(cls(factors[1:], mode), (x.with_shape(2, channels, extents[1]),))


@primitive
class UpsampleGradient(Op):
    """The gradient of an Upsample, `op`, of an x of `type`, from the gradient gy by its output."""

    operands = ("gy",)
    op: Upsample
    type: TensorType

    def infer(self, ins: Types) -> Types:
        return (self.type,)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """An addition for each element of gy, with its multiplication where it is weighed."""
        elements = named("elements in", ins[0].elements)
        return elements if self.op.mode == "nearest" else 2 * len(self.op.factors) * elements

    def numpy(self, code: Code) -> None:
        scratch, kernel = self.op.scratch(code, self.type), f"resampling.{self.op.mode}_gradient"
        code.call(kernel, code.image(0), code.image_out(), *scratch, factors=self.op.pair())

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for example in Upsample.examples():
            assert isinstance(example.op, Upsample)
            yield Example(cls(example.op, example.ins[0]), example.op.infer(example.ins))


def _reading(factor: int, mode: str) -> Reading:
    if mode == "nearest":
        return factor, 1, lambda i: (i // factor, i // factor)
    return factor, 1, lambda i: ((2 * i + 1 - factor) // (2 * factor), -((factor - 1 - 2 * i) // (2 * factor)))
