"""The same elements in another shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..graph.code import Code, in_order
from ..graph.dims import Shape, product, show_shape
from ..graph.field import Field
from ..graph.formula import NOTHING, Formula
from ..graph.op import Example, Gradients, Op, OpError, Types, Values, primitive
from ..graph.tensor import SPATIAL, TensorType

if TYPE_CHECKING:
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


@primitive
class Reshape(Op):
    """y has the elements of x in order, in `shape`."""

    operands = ("x",)
    shape: Shape

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        if product(self.shape) != x.elements:
            raise OpError(
                "shape-mismatch",
                f"{show_shape(x.shape)} has {x.elements} elements, {show_shape(self.shape)} has {product(self.shape)}",
                operand=0,
            )
        return (x.with_shape(*self.shape),)

    def flops(self, ins: Types, outs: Types) -> Formula:
        return NOTHING

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        """Kept where the spatial dimensions stay the last ones; elsewhere a place has no single field."""
        x, y = ins[0].shape, outs[0].shape
        axes = len(SPATIAL.get(len(x), ()))
        same = axes > 0 and len(SPATIAL.get(len(y), ())) == axes and x[-axes:] == y[-axes:]
        return fields[0] if same else None

    def simplify(self, b: Make, ins: Values) -> Values | None:
        (x,) = ins
        if x.type.shape == self.shape:
            return ins
        made = b.producer(x)
        return (b(self, made.ins[0]),) if made is not None and isinstance(made.op, Reshape) else None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(Reshape(ins[0].type.shape), gy),)

    def alias(self, ins: Types, outs: Types) -> bool:
        return in_order(ins[0]) and in_order(outs[0])

    def numpy(self, code: Code) -> None:
        """Copied in the order of the dimensions: at least one side is stored channels-last."""
        (x,), (y,) = code.ins, code.outs
        if in_order(code.types[0]):
            shape = "".join(f"{code.size(size)}, " for size in self.shape)
            code(f"np.copyto({y}, {code.view(f'{x}.reshape({shape})')})")
        elif in_order(code.out_types[0]):
            shape = "".join(f"{code.size(size)}, " for size in code.types[0].shape)
            code(f"np.copyto({code.view(f'{y}.reshape({shape})')}, {x})")
        else:
            flat = code.scratch(*self.shape)
            shape = "".join(f"{code.size(size)}, " for size in code.types[0].shape)
            code(f"np.copyto({code.view(f'{flat}.reshape({shape})')}, {x})")
            code(f"np.copyto({y}, {flat})")

    def onnx(self, code: OnnxCode) -> None:
        if len(self.shape) == 2 and self.shape[:1] == code.types[0].shape[:1]:
            code.last("Flatten", code.ins[0], axis=1)
        else:
            code.reshaped(code.ins[0], self.shape, last=True)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        cases = [
            ((2, 12), (2, 3, 4)),
            ((2, 3, 4), (2, 12)),
            ((2, 3, 4, 5), (2, 60)),
            ((2, 60), (2, 3, 4, 5)),
            ((2, 3, 4, 5), (2, 5, 3, 4)),
            ((2, 3, 4, 5), (6, 4, 5, 1)),
            ((2, 3, 1, 1), (2, 3)),
            ((2, 1, 4, 5), (2, 20)),
            ((2, 20), (2, 1, 4, 5)),
            ((6, 3, 4, 5), (2, 3, 3, 4, 5)),
            ((2, 3, 3, 4, 5), (6, 3, 4, 5)),
            ((1, 1), (1,)),
            ((4,), (4, 1)),
            ((3, 7), (21,)),
            ((1, 6, 1), (6,)),
            ((2, 3, 1, 5), (2, 1, 3, 5)),
            ((1, 1, 3, 5), (1, 15)),
            ((1, 3, 5, 7), (1, 105)),
            ((3, 2, 2), (3, 1, 2, 2)),
            ((2, 2, 3, 2, 2), (4, 12)),
            ((5, 3, 1, 1), (5, 1, 1, 3)),
        ]
        for before, after in cases:
            yield Example(cls(after), (TensorType("f64", before),))
