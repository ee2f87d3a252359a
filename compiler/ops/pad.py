"""Zeros around an image, and the cutting away of its border: each is the other's gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..graph.code import Code
from ..graph.dims import Poly
from ..graph.field import Field, shifted, through
from ..graph.formula import NOTHING, Formula, named
from ..graph.op import Example, Gradients, Op, OpError, Types, Values, primitive
from ..graph.tensor import TensorType
from ..graph.window import AXIS_NAMES, Sizes

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode

Pairs = tuple[tuple[int, int], ...]


@primitive
class Pad(Op):
    """x [N, channels, …] with zeros around it; `pads` holds (before, after) for each spatial dimension."""

    operands = ("x",)
    pads: Pairs

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        return (x.with_shape(*x.shape[:2], *(size.value for _, size in self.sizes(ins, ()))),)

    def sizes(self, ins: Types, outs: Types) -> Sizes:
        axes = zip(AXIS_NAMES[len(self.pads)], ins[0].shape[2:], self.pads, strict=True)
        return tuple((axis, named(f"input {axis}", size) + named("padding", sum(pair))) for axis, size, pair in axes)

    def padding(self) -> tuple[int, ...]:
        return tuple(side for pair in self.pads for side in pair)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed."""
        return NOTHING

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return through(fields[0], [shifted(-before) for before, _ in self.pads])

    def simplify(self, b: Make, ins: Values) -> Values | None:
        return None if any(map(any, self.pads)) else ins

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(Crop(self.pads), gy),)

    def numpy(self, code: Code) -> None:
        (x,), (y,) = code.ins, code.outs
        code(f"{y}.fill(0)")
        code(f"np.copyto({code.view(y + _inside(self.pads))}, {x})")

    def onnx(self, code: OnnxCode) -> None:
        before, after = zip(*self.pads, strict=True)
        code.last("Pad", *code.ins, code.ints(0, 0, *before, 0, 0, *after), code.scalar(0))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for pads, shape in _borders():
            yield Example(cls(pads), (TensorType("f64", shape),))


@primitive
class Crop(Op):
    """x [N, channels, …] without its border; `cuts` holds how many positions go (before, after) on each axis."""

    operands = ("x",)
    cuts: Pairs

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        sizes = tuple(size.value for _, size in self.sizes(ins, ()))
        for axis, size, before in zip(AXIS_NAMES[len(self.cuts)], sizes, x.shape[2:], strict=True):
            if not isinstance(size, Poly) and size < 1:
                raise OpError("shape-mismatch", f"an input of {axis} {before} is cut down to {size}", operand=0)
        return (x.with_shape(*x.shape[:2], *sizes),)

    def sizes(self, ins: Types, outs: Types) -> Sizes:
        axes = zip(AXIS_NAMES[len(self.cuts)], ins[0].shape[2:], self.cuts, strict=True)
        return tuple((axis, named(f"input {axis}", size) - named("cut away", sum(pair))) for axis, size, pair in axes)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed."""
        return NOTHING

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return through(fields[0], [shifted(before) for before, _ in self.cuts])

    def simplify(self, b: Make, ins: Values) -> Values | None:
        return None if any(map(any, self.cuts)) else ins

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(Pad(self.cuts), gy),)

    def numpy(self, code: Code) -> None:
        (x,), (y,) = code.ins, code.outs
        code(f"np.copyto({y}, {code.view(x + _inside(self.cuts))})")

    def onnx(self, code: OnnxCode) -> None:
        axes = range(2, 2 + len(self.cuts))
        before = code.ints(*(cut for cut, _ in self.cuts))
        after = code.ints(*(-cut if cut else 2**62 for _, cut in self.cuts))
        code.last("Slice", *code.ins, before, after, code.ints(*axes))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        for cuts, shape in _borders():
            yield Example(cls(cuts), Pad(cuts).infer((TensorType("f64", shape),)))


def _inside(pairs: Pairs) -> str:
    """The index of what lies within a border."""
    return f"[:, :, {', '.join(f'{before}:{-after or None}' for before, after in pairs)}]"


def _borders() -> Iterator[tuple[Pairs, tuple[int, ...]]]:
    """Borders, and the shapes that they go around."""
    sides = [(0, 0), (1, 0), (0, 2), (2, 1)]
    yield from (((side,), (2, channels, size)) for side in sides for channels, size in ((3, 4), (1, 1)))
    for top in sides:
        for left in sides:
            yield (top, left), (2, 3, 4, 3)
            yield (top, left), (1, 1, 1, 2)
