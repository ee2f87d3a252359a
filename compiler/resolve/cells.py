"""Applying a recurrent cell: its equations become the body of a loop over the steps of its input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..diagnostics.diagnostic import Label
from ..graph.builder import OpenUse
from ..graph.dims import Dim
from ..graph.graph import Value
from ..graph.images import want_float
from ..graph.op import OpError
from ..ops.arithmetic import Add
from ..ops.shape import Concat
from ..source import Span
from ..syntax import tree
from .blocks import parameters, too_deep
from .cell_loop import CellLoop, Results
from .cell_options import Options, read_options
from .frame import Frame
from .naming import Mark
from .program import bundled
from .values import UNKNOWN, Definition, Recipe, Tensor, Unknown

if TYPE_CHECKING:
    from .evaluate import Evaluator


def apply_cell(
    evaluator: Evaluator,
    recipe: Recipe,
    inputs: tuple[Tensor, ...] | Unknown,
    mark: Mark,
    span: Span,
    frame: Frame,
) -> object:
    """The result of a cell on these sequences: what it outputs, and with `states = yes` its last states.

    `mark` is the place of this use in the tree of names.
    """
    definition = recipe.target
    assert isinstance(definition, Definition)
    assert isinstance(definition.item, tree.Cell)
    found = read_options(evaluator, recipe, definition.item, span, frame)
    if isinstance(found, Unknown) or isinstance(inputs, Unknown) or too_deep(evaluator, span, frame):
        return UNKNOWN
    own, options = found
    values = parameters(evaluator, own, definition.item, span, frame)
    if isinstance(values, Unknown) or any(isinstance(value, Unknown) for value in values.values()):
        return UNKNOWN
    evaluator.cells.add(span)
    use = OpenUse(recipe.name, span, frame.chain, tuple(tensor.value for tensor in inputs))
    evaluator.uses.open(use, mark, frame)
    try:
        made = _Cell(evaluator, definition, values, options, span, frame).apply(inputs, mark)
    except OpError as error:
        labels = tuple(Label(t.span, f"the input, {t.value.type}, comes from here") for t in inputs if t.span != span)
        evaluator.report_op(frame, error, span, labels[:4])
        return UNKNOWN
    if made is None:
        return UNKNOWN
    use.outs = made
    tensors = tuple(Tensor(value, span) for value in made)
    return tensors if len(tensors) > 1 else tensors[0]


class _Cell:
    """A use of a cell, at given arguments."""

    def __init__(
        self,
        evaluator: Evaluator,
        definition: Definition,
        values: dict[str, object],
        options: Options,
        span: Span,
        frame: Frame,
    ) -> None:
        item = definition.item
        assert isinstance(item, tree.Cell)
        self.item = item
        self.evaluator = evaluator
        self.b = evaluator.builder
        self.definition = definition
        self.values = values
        self.options = options
        self.span = span
        self.frame = frame
        self.samples: Dim = 1
        self.steps: Dim = 1

    def apply(self, inputs: tuple[Tensor, ...], mark: Mark) -> tuple[Value, ...] | None:
        """The results; None when a mistake in the equations was reported. Raises OpError."""
        wanted = len(self.item.inputs) or 1
        if len(inputs) != wanted:
            raise _wrong_count(self.item, wanted, len(inputs))
        sequences = [tensor.value for tensor in inputs]
        found = Results((), ())
        for number in range(self.options.layers):
            suffix = f"_l{number}"
            scope = mark.add(Mark("layer", f"layer{number + 1}")) if self.options.layers > 1 else mark
            self._measure(sequences)
            last = number == self.options.layers - 1 and self.options.last
            made = self._layer(sequences, scope, suffix, last=last)
            if made is None:
                return None
            found = made
            sequences = list(found.outputs)
            if number < self.options.layers - 1 and len(sequences) != wanted:
                message = f"a layer gives {len(sequences)} values, and the next takes {wanted}"
                raise OpError("input-count", message, argument="layers", help="write one use for each layer")
        return (*found.outputs, *found.states) if self.options.states else found.outputs

    def _measure(self, inputs: list[Value]) -> None:
        """Find N and T. Raises OpError when the inputs are not sequences of one length."""
        rank = max(value.type.rank for value in inputs)
        for operand, value in enumerate(inputs):
            want_float(value.type, operand)
            if rank > 3 and bundled(self.item.span):
                raise OpError(
                    "shape-mismatch",
                    f"`{self.item.name.id}` runs over the steps of [N, T, features], the input is {value.type}",
                    operand=operand,
                    help="`reshape([steps, features])` makes a sequence; for maps, write a cell with `conv` in it",
                )
            if rank < 3 or value.type.rank < rank - 1:
                raise OpError(
                    "shape-mismatch",
                    f"a cell runs over the steps of [N, T, features], the input is {value.type}",
                    operand=operand,
                    help="a cell in front gives all steps without `return = last`; of a vector, "
                    "`reshape([steps, features])` makes a sequence",
                )
        self.samples, self.steps = next(value.type.shape[:2] for value in inputs if value.type.rank == rank)
        for operand, value in enumerate(inputs):
            if value.type.rank == rank and value.type.shape[1] != self.steps:
                raise OpError(
                    "shape-mismatch",
                    f"the inputs of a cell are read together, and have {self.steps} and {value.type.shape[1]} steps",
                    operand=operand,
                    help="cut them to one length; what is the same at every step has no dimension for steps",
                )

    def _layer(self, inputs: list[Value], scope: Mark, suffix: str, *, last: bool) -> Results | None:
        """One layer; the names of its packed weights end in `suffix`."""
        if self.options.join is None:
            return self._loop(inputs, scope, suffix, reverse=self.options.reverse, last=last)
        forward = self._loop(inputs, scope.add(Mark("direction", "forward")), suffix, reverse=False, last=last)
        if forward is None:
            return None
        mark = scope.add(Mark("direction", "backward"))
        back = self._loop(inputs, mark, f"{suffix}_reverse", reverse=True, last=last)
        if back is None:
            return None
        # Channels or features: the first dimension after N and, in a sequence, after that of the steps.
        op = Add() if self.options.join == "sum" else Concat(1 if last else 2)
        return Results((), tuple(self.b(op, x, y) for x, y in zip(forward.outputs, back.outputs, strict=True)))

    def _loop(self, inputs: list[Value], scope: Mark, suffix: str, *, reverse: bool, last: bool) -> Results | None:
        lengths = self.options.lengths.value if self.options.lengths else None
        loop = CellLoop(self.evaluator, self.definition, self.samples, self.steps, lengths, self.options.first)
        frame = Frame(self.definition.file, [{}], None, None, scope, (*self.frame.chain, self.span))
        return loop.run(inputs, self.values, frame, suffix, reverse=reverse, last=last)


def _wrong_count(item: tree.Cell, wanted: int, given: int) -> OpError:
    names = ", ".join(name.id for name in item.inputs)
    return OpError(
        "input-count",
        f"the cell `{item.name.id}` takes {wanted} input{'s' if wanted > 1 else ''}, here are {given}",
        help="`cell name(…) from a, b` names several inputs"
        if wanted == 1
        else f"feed it `({names}) -> {item.name.id}`",
    )
