"""Max pooling over regions of uneven sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import gcd
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.dims import Poly
from ..graph.field import Field, Reading, through
from ..graph.formula import Formula, named
from ..graph.op import Example, Gradients, Op, OpError, Types, Values, elements, per_element, primitive
from ..graph.tensor import TensorType
from ..graph.window import AXIS_NAMES, unbound
from .sliding import block, image

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


@primitive
class FractionalMaxPool(Op):
    """The maximum of each region of x [N, channels, …], `regions` of them on each axis.

    On each axis output i reads the positions from cut i up to, not including, cut i + 1 (see `cut`, with this axis's
    number of `offsets`), so each position is in just one region.
    Source: Graham, "Fractional Max-Pooling", 2014, disjoint regions.
    """

    operands = ("x",)
    regions: tuple[int, ...]
    offsets: tuple[int, ...]

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        for axis, regions, extent in zip(AXIS_NAMES[x.rank - 2], self.regions, x.shape[2:], strict=True):
            if isinstance(extent, Poly):
                raise unbound(axis, extent, "uneven regions need a number")
            if regions > extent:
                raise OpError(
                    "window",
                    f"an input of {axis} {extent} cannot be cut into {regions} regions",
                    operand=0,
                    help=f"the size that comes out is at most {extent}",
                )
        return (x.with_shape(*x.shape[:2], *self.regions),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """One comparison less than a region has positions, for each region."""
        return elements(ins[0]) - named("output elements", outs[0].elements)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        axes = zip(ins[0].shape[2:], self.regions, self.offsets, strict=True)
        return through(fields[0], [_reading(extent, *cuts) for extent, *cuts in axes if isinstance(extent, int)])

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(FractionalMaxPoolGradient(self), ins[0], outs[0], gy),)

    def numpy(self, code: Code) -> None:
        (rows, columns), (_, height, _, channels) = self.cuts(code.types[0]), image(code.types[0])
        narrow = (height, len(columns) - 1, channels)
        images, _ = block(code, image(code.types[0]))
        arrays = code.image(0), code.image_out(), code.scratch(images, *narrow)
        code.call("regions.region_max", *arrays, rows=rows, columns=columns)

    def cuts(self, x: TensorType) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Where the regions of height and width start, and where the last ends."""
        found = []
        for extent, regions, offset in zip(x.shape[2:], self.regions, self.offsets, strict=True):
            assert isinstance(extent, int)
            found.append(tuple(cut(extent, regions, offset, place) for place in range(regions + 1)))
        rows, columns = found if len(found) == 2 else ((0, 1), *found)
        return rows, columns

    def onnx(self, code: OnnxCode) -> None:
        (x,) = code.ins
        shape = list(code.types[0].shape)
        for axis, (regions, offset) in enumerate(zip(self.regions, self.offsets, strict=True), 2):
            extent = shape[axis]
            assert isinstance(extent, int)
            cuts = [cut(extent, regions, offset, place) for place in range(regions + 1)]
            widest = max(b - a for a, b in pairwise(cuts))
            # A region that is narrower has its last position more than once.
            places = [min(a + i, b - 1) for a, b in pairwise(cuts) for i in range(widest)]
            chosen = code.node("Gather", x, code.constant("i64", (len(places),), tuple(places)), axis=axis)
            x = code.reshaped(chosen, (*shape[:axis], regions, widest, *shape[axis + 1 :]))
            shape[axis] = regions
            if code.opset >= 18:
                x = code.node("ReduceMax", x, code.ints(axis + 1), keepdims=0)
            else:
                x = code.node("ReduceMax", x, axes=(axis + 1,), keepdims=0)
        code.last("Identity", x)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for seed, (regions, extents) in enumerate(
            [((3, 2), (5, 5)), ((1, 1), (3, 2)), ((4, 3), (4, 4)), ((3, 4), (7, 5)), ((2, 1), (3, 1)), ((1, 1), (1, 1))]
        ):
            op, x = cls(regions, offsets(seed, 2)), TensorType("f64", (2, 3, *extents))
            yield Example(op, (x,), apart=())
            yield Example(op, (x.with_shape(1, 1, *extents),), apart=())
            for axis in (0, 1):
                line = cls(regions[axis : axis + 1], offsets(seed, 1))
                yield Example(line, (x.with_shape(3, 2, extents[axis]),), apart=())


@primitive
class FractionalMaxPoolGradient(Op):
    """The gradient of a FractionalMaxPool, `pool`, from its x and y and the gradient gy by y: all of it goes to the
    first maximum of each region, row by row."""

    operands = ("x", "y", "gy")
    pool: FractionalMaxPool

    def infer(self, ins: Types) -> Types:
        return ins[:1]

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A comparison and a multiplication for each element on each axis."""
        return per_element(4, ins[0])

    def numpy(self, code: Code) -> None:
        (rows, columns), (_, height, _, channels) = self.pool.cuts(code.types[0]), image(code.types[0])
        narrow = (height, len(columns) - 1, channels)
        images, _ = block(code, image(code.types[0]))
        arrays = code.image(0), code.image(1), code.image(2), code.image_out()
        scratch = [code.scratch(images, *narrow) for _ in range(2)]
        flags = [code.scratch(images, *narrow, dtype="bool") for _ in range(2)]
        code.call("regions.region_max_gradient", *arrays, *scratch, *flags, rows=rows, columns=columns)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for example in FractionalMaxPool.examples():
            assert isinstance(example.op, FractionalMaxPool)
            yield Example(cls(example.op), (*example.ins, *example.op.infer(example.ins) * 2))


def cut(extent: int, regions: int, offset: int, place: int) -> int:
    """Where region `place` of an axis starts; each has ⌊α⌋ or ⌈α⌉ positions, where α = extent / regions.

    Graham's pseudo-random sequence aᵢ = ⌈α(i + u)⌉ with u = `offset` / 2⁶⁴, moved so that it starts at 0; in whole
    numbers, so that it is the same on every machine.
    """
    below = regions << 64
    return -(-extent * ((place << 64) + offset) // below) + -extent * offset // below


def offsets(seed: int, count: int) -> tuple[int, ...]:
    """`count` numbers of 64 bits from a seed, by SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
    Generators", 2014)."""
    mask = 2**64 - 1
    numbers = []
    for place in range(1, count + 1):
        z = (seed + place * 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        numbers.append(z ^ (z >> 31))
    return tuple(numbers)


def _reading(extent: int, regions: int, offset: int) -> Reading:
    """Beyond the border the cuts go on as inside; they repeat after (regions, extent) in lowest terms."""
    common = gcd(regions, extent)
    return (
        regions // common,
        extent // common,
        lambda i: (cut(extent, regions, offset, i), cut(extent, regions, offset, i + 1) - 1),
    )
