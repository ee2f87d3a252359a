"""Sequences in the order in which a loop runs over them.

A stack is a sequence [N, T, …] as [T · N, …]: the rows of the first step, below them those of the second, and so on. A
layer that works on each row alone does all steps of a stack at once, and a step of it is one piece of memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import TYPE_CHECKING, ClassVar

from ..graph.code import Code
from ..graph.dims import Dim
from ..graph.field import Field
from ..graph.formula import NOTHING, Formula, named, times
from ..graph.op import Along, Example, Gradients, Op, OpError, Types, Values, primitive
from ..graph.tensor import TensorType
from .embed import Embed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


_SEQUENCES = (
    *((n, steps, width) for n in (1, 2, 3) for steps in (1, 2, 5) for width in (1, 4)),
    *((2, 3, 4, 2), (1, 3, 2, 1), (2, 3, 2, 4, 5), (2, 1, 1, 3, 2), (3, 2, 2, 1, 1)),
)


class _Order(Op):
    operands: ClassVar[tuple[str, ...]] = ("x",)

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Nothing is computed."""
        return NOTHING

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return None

    def lower(self, b: Make, ins: Values) -> Values:
        return b.all(self, *ins)


@primitive
class ToSteps(_Order):
    """A sequence [N, T, …] as a stack [T · N, …]."""

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        return (x.with_shape(x.shape[1] * x.shape[0], *x.shape[2:]),)

    def simplify(self, b: Make, ins: Values) -> Values | None:
        made = b.producer(ins[0])
        if made is not None and isinstance(made.op, Embed):
            # What is looked up is put in order, not what is found.
            use, b.use = b.use, made.use
            found = b(Embed(), b(ToSteps(), made.ins[0]), made.ins[1])
            b.use = use
            return (found,)
        same = made is not None and isinstance(made.op, FromSteps) and made.op.steps == ins[0].type.shape[1]
        return made.ins if made is not None and same else None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        n, steps = ins[0].type.shape[:2]
        return (b(FromSteps(steps, n), gy),)

    def numpy(self, code: Code) -> None:
        n, steps, *rest = code.types[0].shape
        stack = code.view(f"{code.outs[0]}.reshape({', '.join(map(code.size, (steps, n, *rest)))})")
        code(f"np.copyto({stack}, {code.view(f'{code.ins[0]}.swapaxes(0, 1)')})")

    def onnx(self, code: OnnxCode) -> None:
        rank = code.types[0].rank
        turned = code.node("Transpose", code.ins[0], perm=(1, 0, *range(2, rank)))
        code.reshaped(turned, code.out_types[0].shape, last=True)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for shape in _SEQUENCES:
            yield Example(cls(), (TensorType("f64", shape),))


@primitive
class FromSteps(_Order):
    """A stack [steps · samples, …] as a sequence [samples, steps, …]."""

    steps: Dim
    samples: Dim

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        if x.shape[0] != self.steps * self.samples:
            raise OpError("shape-mismatch", f"{x} is not {self.steps} steps of {self.samples} samples")
        return (x.with_shape(self.samples, self.steps, *x.shape[1:]),)

    def simplify(self, b: Make, ins: Values) -> Values | None:
        made = b.producer(ins[0])
        same = made is not None and isinstance(made.op, ToSteps) and made.ins[0].type.shape[1] == self.steps
        return made.ins if made is not None and same else None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        (gy,) = gys
        assert gy is not None
        return (b(ToSteps(), gy),)

    def numpy(self, code: Code) -> None:
        n, steps, *rest = code.out_types[0].shape
        stack = code.view(f"{code.ins[0]}.reshape({', '.join(map(code.size, (steps, n, *rest)))})")
        code(f"np.copyto({code.outs[0]}, {code.view(f'{stack}.swapaxes(0, 1)')})")

    def onnx(self, code: OnnxCode) -> None:
        n, steps, *rest = code.out_types[0].shape
        apart = code.reshaped(code.ins[0], (steps, n, *rest))
        code.last("Transpose", apart, perm=(1, 0, *range(2, code.out_types[0].rank)))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for n, steps, *rest in _SEQUENCES:
            yield Example(cls(steps, n), (TensorType("f64", (steps * n, *rest)),))


@primitive
class Columns(_Order):
    """A stack [steps · N, features], whose steps lie in memory feature by feature, as [features, steps · N]."""

    steps: Dim

    def infer(self, ins: Types) -> Types:
        (x,) = ins
        return (x.with_shape(*reversed(x.shape)),)

    def numpy(self, code: Code) -> None:
        steps, features = code.size(self.steps), code.size(code.out_types[0].shape[0])
        stack = code.view(f"{code.ins[0]}.reshape({steps}, {features}, -1)")
        columns = code.view(f"{code.outs[0]}.reshape({features}, {steps}, -1)")
        code.call("recurrence.columns", stack, columns, code.run())

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Its input lies in an order that only loops make."""
        return ()


@primitive
class Before(_Order):
    """What a loop had at the start of each step, as a stack: `first`, then all steps of `stack` but the last.

    With `reverse` the loop runs from the last step to the first. With `turned` each step of both stacks lies in memory
    feature by feature, [features, N]; `first` does not.
    """

    operands = ("first", "stack")
    reverse: bool
    turned: bool = False

    def infer(self, ins: Types) -> Types:
        return (ins[1],)

    def numpy(self, code: Code) -> None:
        (first, stack), (y,) = code.ins, code.outs
        n = code.size(code.types[0].shape[0])
        if self.turned:
            shape = f"-1, {code.size(code.types[0].shape[1])}, {n}"
            first = code.view(f"{first}.T")
            stack, y = (code.view(f"{name}.reshape({shape})") for name in (stack, y))
            n = "1"
        head, tail = (f"{y}[-{n}:]", f"{y}[:-{n}]") if self.reverse else (f"{y}[:{n}]", f"{y}[{n}:]")
        rest = f"{stack}[{n}:]" if self.reverse else f"{stack}[:-{n}]"
        code(f"np.copyto({code.view(head)}, {first})")
        code(f"np.copyto({code.view(tail)}, {code.view(rest)})")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for n, stack in ((2, (6, 4)), (1, (5, 2)), (3, (3, 2)), (2, (6, 2, 4, 5))):
            for reverse in (False, True):
                yield Example(cls(reverse), (TensorType("f64", (n, *stack[1:])), TensorType("f64", stack)))


@primitive
class OuterBefore(Op):
    """y[i, j] = Σ left[t, i] · right[t, j], where operand `stack` is what a loop had after each step, and what it had
    before the step is meant, from zero on.

    At the first step that adds nothing, so the product is of the other steps with the ones before them. Both operands
    are [steps · samples, …]; with `columns` the left one is […, steps · samples]. With `reverse` the loop runs from the
    last step to the first.
    """

    operands = ("left", "right")
    stack: int
    samples: Dim
    reverse: bool
    columns: bool = False

    def infer(self, ins: Types) -> Types:
        left, right = ins
        return (left.with_shape(left.shape[0 if self.columns else 1], right.shape[1]),)

    def macs(self, ins: Types, outs: Types) -> Formula:
        return times((named("elements of the left", ins[0].elements), named("columns", ins[1].shape[1])))

    def flops(self, ins: Types, outs: Types) -> Formula:
        return 2 * named("MACs", self.macs(ins, outs).value)

    def along(self) -> Along:
        return Along((0 if self.columns else -1, None), 0)

    def numpy(self, code: Code) -> None:
        n = code.size(self.samples)
        first, last = f"{n}:", f":-{n}"
        rows = (last, first) if self.reverse == (self.stack == 1) else (first, last)
        left, right = (f"{name}[{part}]" for name, part in zip(code.ins, rows, strict=True))
        left = f"{code.ins[0]}[:, {rows[0]}]" if self.columns else f"{left}.T"
        code(f"np.matmul({code.view(left)}, {code.view(right)}, out={code.outs[0]})")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        for n, steps, units, features in ((2, 3, 4, 5), (1, 1, 2, 3), (3, 1, 1, 1), (1, 4, 3, 2)):
            for stack, reverse, columns in product((0, 1), (False, True), (False, True)):
                left = (units, steps * n) if columns else (steps * n, units)
                types = TensorType("f64", left), TensorType("f64", (steps * n, features))
                yield Example(cls(stack, n, reverse, columns), types)
