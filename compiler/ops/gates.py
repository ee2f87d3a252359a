"""Gates by the hyperbolic tangent, σ(x) = (1 + tanh(x / 2)) / 2.

Loops in float32 run these in the place of sigmoids, see `recurrence/gates.py`; a network has none of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..graph.code import Code
from ..graph.formula import Formula
from ..graph.op import Example, Op, Types, per_element, primitive
from .shape import part

Span = tuple[int, int]


@primitive
class Halved(Op):
    """x with half of what is at the positions `span`, from the first up to, not including, the last, of dimension
    `axis`."""

    operands = ("x",)
    inplace = (0,)
    elementwise = True
    axis: int
    span: Span

    def infer(self, ins: Types) -> Types:
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        return per_element(1, outs[0])

    def numpy(self, code: Code) -> None:
        (x,), (y,) = code.ins, code.outs
        if x != y:
            code(f"np.copyto({y}, {x})")
        half = code.view(part(code, y, self.axis, *self.span))
        code(f"np.multiply({half}, {code.number_array(0.5)}, out={half})")

    def of_gates(self, gate: int) -> Halved:
        """The same on [gates, N, gate]."""
        return Halved(0, _of_gates(self.span, gate))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Loops run this."""
        return ()


@primitive
class Gates(Op):
    """(1 + tanh(x)) / 2 of the positions `spans` of dimension `axis`, tanh(x) of the others."""

    operands = ("x",)
    inplace = (0,)
    elementwise = True
    axis: int
    spans: tuple[Span, ...]

    def infer(self, ins: Types) -> Types:
        return ins

    def flops(self, ins: Types, outs: Types) -> Formula:
        """A hyperbolic tangent, a multiplication and an addition."""
        return per_element(3, outs[0])

    def numpy(self, code: Code) -> None:
        (x,), (y,) = code.ins, code.outs
        half = code.number_array(0.5)
        if self.spans == ((0, code.types[0].shape[self.axis]),):
            # Where y is a row of a stack, it is out of the cache: it is gone over once.
            work = x if 0 in code.spent else y
            code(f"np.tanh({x}, out={work})")
            code(f"np.multiply({work}, {half}, out={work})")
            code(f"np.add({work}, {half}, out={y})")
            return
        code(f"np.tanh({x}, out={y})")
        for span in self.spans:
            gate = code.view(part(code, y, self.axis, *span))
            code(f"np.multiply({gate}, {half}, out={gate})")
            code(f"np.add({gate}, {half}, out={gate})")

    def of_gates(self, gate: int) -> Gates:
        """The same on [gates, N, gate]."""
        return Gates(0, tuple([_of_gates(span, gate) for span in self.spans]))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Loops run this."""
        return ()


def _of_gates(span: Span, gate: int) -> Span:
    return span[0] // gate, span[1] // gate
