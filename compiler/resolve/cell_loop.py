"""One loop of a cell: its equations as a step, and what the loop gives."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from ...runtime.record import Record
from ..diagnostics.diagnostic import Label
from ..graph.dims import Dim, show_shape
from ..graph.graph import Node, Value
from ..graph.tensor import TensorType
from ..ops.cut import Cut
from ..ops.fill import FillLike
from ..ops.norm import BatchNorm
from ..ops.reduce import Expand
from ..ops.select import Running, Select
from ..ops.steps import FromSteps, ToSteps
from ..recurrence.body import Body
from ..recurrence.scan import Cell, Scan
from ..recurrence.weights import packs, roles
from ..syntax import tree
from .blocks import bind_parameters
from .frame import Frame, State
from .naming import Equations
from .program import find_bundled
from .statements import run
from .values import Definition, Instance, Tensor, write

if TYPE_CHECKING:
    from .evaluate import Evaluator


class Results(Record, eq=False, frozen=False):
    """The last value of each state, and each output as a sequence or, where that is wanted, at its end."""

    states: tuple[Value, ...]
    outputs: tuple[Value, ...]


class _Step(Record, eq=False, frozen=False):
    """A step while it is being made. `first` is what a state starts from: a number, or a value from outside.

    `ends` are the states that hold the outputs at the end, when nothing else of them is wanted; `stacked` the others.
    """

    states: list[Value]
    first: list[float | Value]
    next: list[Value]
    inputs: list[Value]
    ends: list[int]
    stacked: list[Value]


class CellLoop:
    """A loop of `steps` steps over `samples` samples; `lengths`, if given, are the numbers of steps of the samples, and
    `first` the states to start from, by name."""

    def __init__(
        self,
        evaluator: Evaluator,
        definition: Definition,
        samples: Dim,
        steps: Dim,
        lengths: Value | None,
        first: Mapping[str, Tensor],
    ) -> None:
        assert isinstance(definition.item, tree.Cell)
        self.evaluator = evaluator
        self.b = evaluator.builder
        self.definition = definition
        self.item = definition.item
        self.samples = samples
        self.steps = steps
        self.lengths = lengths
        self.first = first
        # For each rank, this step's row of which samples are still running.
        self.running: dict[int, Value] = {}

    def run(
        self, inputs: list[Value], values: dict[str, object], frame: Frame, suffix: str, *, reverse: bool, last: bool
    ) -> Results | None:
        """Make the loop; `frame` is that of the cell's body, the names of packed weights end in `suffix`.

        None when a mistake was reported. Raises OpError.
        """
        rank = max(value.type.rank for value in inputs)
        sequences = [value for value in inputs if value.type.rank == rank]
        leaves = {value: self.b.value(_step(value.type)) for value in sequences}
        fed = [Tensor(leaves.get(value, value), frame.chain[-1]) for value in inputs]
        self._bind(fed, values, frame)
        count = self.b.parameter_count
        with self.b.step() as nodes:
            step = self._step(fed, list(leaves.values()), frame, last=last)
        if step is None or self._batchnorm(nodes, frame):
            return None
        cell = self._cell(frame)
        if cell is not None and self.b.parameter_count > count:
            # Weights that this loop only shares are packed already.
            self.b.pack(count, packs(roles(cell.name, dict(cell.arguments)), suffix), partial(Cut, 0))
        own = {value for node in nodes for value in node.outs} | {*step.states, *step.inputs, *self.running.values()}
        read = dict.fromkeys([*(value for node in nodes for value in node.ins), *step.next, *step.stacked])
        captured = sorted((value for value in read if value not in own), key=lambda value: value.number)
        body = Body(
            tuple(step.states),
            (*step.inputs, *self.running.values()),
            tuple(captured),
            tuple(nodes),
            tuple(step.next),
            tuple(step.stacked),
        )
        initial = [
            self._initial(state, first, sequences[0]) for state, first in zip(step.states, step.first, strict=True)
        ]
        stacks = [self.b(ToSteps(), value) for value in leaves]
        if self.lengths is not None:
            stacks += [self.b(Running(self.steps, rank), self.lengths) for rank in self.running]
        names = tuple(state.name for state in frame.states)
        scan = Scan(body, self.steps, reverse, cell=None if self._own_layer(frame) else cell, states=names)
        results = self.b.all(scan, *initial, *stacks, *captured)
        count = len(step.states)
        outputs = [self.b(FromSteps(self.steps, self.samples), stack) for stack in results[count:]]
        return Results(results[: len(frame.states)], tuple([results[end] for end in step.ends] + outputs))

    def _bind(self, inputs: list[Tensor], values: dict[str, object], frame: Frame) -> None:
        frame.samples = self.samples
        if self.item.inputs:
            frame.names[0].update((name.id, tensor) for name, tensor in zip(self.item.inputs, inputs, strict=True))
        if len(inputs) == 1:
            frame.inputs = frame.it = inputs[0]
        bind_parameters(self.evaluator, self.item, values, frame)

    def _step(self, fed: list[Tensor], inputs: list[Value], frame: Frame, *, last: bool) -> _Step | None:
        """Run the equations; None when there is a mistake in them, which is reported."""
        first_use = len(self.b.uses)
        run(self.evaluator, self.item.body, frame)
        slots = [s.name for stmt in self.item.body.statements if isinstance(stmt, tree.State) for s in stmt.slots]
        outputs = [value for _, value, _ in frame.outputs] or _as_list(frame.it)
        given = [value.value for value in outputs if isinstance(value, Tensor)]
        following = [self._next(state, frame) for state in frame.states]
        first = [self._first(state, frame) for state in frame.states]
        if len(frame.states) < len(slots) or len(given) < len(outputs):
            return None
        if any(value is None for value in (*following, *first)):
            return None
        step = _Step([s.value for s in frame.states], [f for f in first if f is not None], [], inputs, [], [])
        made = [value for value in following if value is not None]
        step.next += [self._held(after, state) for after, state in zip(made, step.states, strict=True)]
        for output in given:
            self._output(output, made, step, last=last)
        read = tuple([tensor.value for tensor in fed])
        uses = (first_use, len(self.b.uses))
        frame.mark.equations = Equations(*uses, read, tuple(frame.states), tuple(made), tuple(given))
        return step

    def _output(self, value: Value, following: list[Value], step: _Step, *, last: bool) -> None:
        if value.type.shape[:1] != (self.samples,):
            value = self.b(Expand((self.samples, *value.type.shape[1:])), value)
        if not last:
            zeros = self.b(FillLike(value.type.shape, 0.0), value) if self.lengths is not None else value
            step.stacked.append(self._held(value, zeros))
        elif value in following:
            step.ends.append(following.index(value))
        else:
            state = self.b.value(value.type)
            step.ends.append(len(step.states))
            step.states.append(state)
            step.first.append(0)
            step.next.append(self._held(value, state))

    def _held(self, value: Value, otherwise: Value) -> Value:
        """The value in samples that are still running, the other one in those that have ended."""
        if self.lengths is None or value is otherwise:
            return value
        rank = value.type.rank
        if rank not in self.running:
            self.running[rank] = self.b.value(TensorType("bool", (self.samples, *(1 for _ in range(rank - 1)))))
        return self.b(Select(), self.running[rank], value, otherwise)

    def _next(self, state: State, frame: Frame) -> Value | None:
        """The next value of a state, in its shape; None when there is none, which is reported."""
        found = frame.next.get(state.name)
        if found is None and state.span not in self.evaluator.broken:
            self.evaluator.report(
                frame,
                "undefined-name",
                f"the state `{state.name}` is not written here",
                state.span,
                label="the branch that writes it was not taken",
                help=f"write `{state.name}' = …` in every branch, or after the `if`",
            )
        if not isinstance(found, Tensor):
            return None
        if found.value.type == state.value.type:
            return found.value
        self.evaluator.report(
            frame,
            "shape-mismatch",
            f"the state `{state.name}` is {show_shape(state.value.type.shape)}, and its next value "
            f"{show_shape(found.value.type.shape)}",
            found.span,
            labels=(Label(state.span, "the state is declared here"),),
            help=f"give both one size: a state's size leaves out N, and `{state.name}'` has it",
        )
        return None

    def _first(self, state: State, frame: Frame) -> float | Value | None:
        """What a state starts from; None when it does not fit, which is reported."""
        given = self.first.get(state.name)
        if given is None:
            return state.initial
        if given.value.type == state.value.type:
            return given.value
        self.evaluator.report(
            frame,
            "shape-mismatch",
            f"the state `{state.name}` is {show_shape(state.value.type.shape)}, and is to start from "
            f"{show_shape(given.value.type.shape)}",
            given.span,
            labels=(Label(state.span, "the state is declared here"),),
            help="start it from a tensor of its own size; `fc` brings another to that",
        )
        return None

    def _initial(self, state: Value, first: float | Value, like: Value) -> Value:
        shape = state.type.shape
        if not isinstance(first, Value):
            return self.b(FillLike(shape, float(first)), like)
        return first if first.type == state.type else self.b(Expand(shape), first)

    def _batchnorm(self, nodes: list[Node], frame: Frame) -> bool:
        """Whether a batch norm stands in the step, which is reported: its statistics would be those of single steps."""
        found = next((node for node in nodes if isinstance(node.op, BatchNorm)), None)
        if found is not None:
            self.evaluator.report(
                frame,
                "misplaced",
                "`batchnorm` cannot stand in a cell: it would mix the statistics of different steps",
                self.b.uses[found.use].span,
                help="write `layernorm` here, or `batchnorm` outside of the cell",
            )
        return found is not None

    def _cell(self, frame: Frame) -> Cell | None:
        """Which bundled cell this is."""
        name = self.item.name.id
        found = find_bundled(name)
        if found is None or found[0] is not self.item:
            return None
        return Cell(name, tuple([(p.name.id, write(frame.names[0].get(p.name.id))) for p in self.item.parameters]))

    def _own_layer(self, frame: Frame) -> bool:
        """Whether the cell was given a layer that a file defines, as its activation: no operator has that."""
        given = [frame.names[0].get(p.name.id) for p in self.item.parameters]
        return any(isinstance(v, Instance) or isinstance(getattr(v, "target", None), Definition) for v in given)


def _step(type: TensorType) -> TensorType:
    return type.with_shape(type.shape[0], *type.shape[2:])


def _as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, tuple) else [value]
