"""The loop over the steps of a sequence.

How loops are transformed and written, in `rules`, is imported when there is one: who looks for loops needs none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ...runtime.record import Record
from ..graph.dims import Dim
from ..graph.field import Field
from ..graph.formula import Formula, named, plus
from ..graph.op import Example, Gradients, Op, OpError, Types, Values, primitive
from .body import Body

if TYPE_CHECKING:
    from ..graph.code import Code
    from ..graph.make import Make
    from ..graph.onnx_code import OnnxCode


class Cell(Record):
    """A bundled cell with its arguments, as the language writes them."""

    name: str
    arguments: tuple[tuple[str, str], ...]


@primitive
class Scan(Op):
    """`body` run `steps` times, from the first step on or, with `reverse`, from the last.

    Inputs: the first states, the stacks [steps · N, …] that the body reads a step of, what it captures. Outputs: the
    last states, the stacks of its outputs, its totals. With `saves` the body's outputs have all that the gradient
    reads. `cell` is the bundled cell whose equations these are; `states` names the first
    states; `turned` are the stacks, by number of the body's inputs and outputs, whose steps lie feature by feature.
    `before` are the inputs of the body that read the step after theirs in the order of the loop, and after the last the
    value that is among the further inputs of the loop, in this order. `over` are the stacks that may be written over
    stacks that are read, by the numbers (output, input) of the body. `gate` is the number of features of a gate where
    the values of a step lie gate by gate, see `apart`; `turned` are then the stacks whose steps lie so.
    """

    operands = ("inputs",)
    body: Body
    steps: Dim
    reverse: bool
    saves: bool = False
    cell: Cell | None = None
    states: tuple[str, ...] = ()
    turned: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    before: tuple[int, ...] = ()
    over: tuple[tuple[int, int], ...] = ()
    gate: int = 0

    def infer(self, ins: Types) -> Types:
        taken, given = self.body.types(self.steps)
        taken += tuple([self.body.inputs[place].type for place in self.before])
        for operand, (type, wanted) in enumerate(zip(ins, taken, strict=True)):
            if type != wanted:
                raise OpError("shape-mismatch", f"the loop takes {wanted}, this is {type}", operand=operand)
        return given

    def macs(self, ins: Types, outs: Types) -> Formula:
        return self._over_steps(
            node.op.macs(tuple([v.type for v in node.ins]), tuple([v.type for v in node.outs]))
            for node in self.body.nodes
        )

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Those of one step, once for each step."""
        return self._over_steps(
            node.op.flops(tuple([v.type for v in node.ins]), tuple([v.type for v in node.outs]))
            for node in self.body.nodes
        )

    def _over_steps(self, costs: Iterable[Formula]) -> Formula:
        return named("steps", self.steps) * plus(cost for cost in costs if cost.value != 0)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return None

    def lower(self, b: Make, ins: Values) -> Values:
        from .rules import lower

        return lower(self, b, ins)

    def train(self, b: Make, ins: Values) -> Values:
        from .rules import train

        return train(self, b, ins)

    def takes(self, output: int) -> tuple[int, ...]:
        states = len(self.body.states)
        return tuple([states + number for made, number in self.over if states + made == output])

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        from .rules import gradient

        return gradient(self, b, ins, outs, gys)

    def numpy(self, code: Code) -> None:
        from .rules import numpy

        numpy(self, code)

    def onnx(self, code: OnnxCode) -> None:
        from .onnx import write

        write(code, self.body, self.steps, reverse=self.reverse)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        from .examples import examples

        for body, steps, reverse in examples():
            yield Example(cls(body, steps, reverse), body.types(steps)[0])
