"""The body of a loop: one step as a graph of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ...runtime.record import Record, replace
from ..graph.dims import Dim
from ..graph.graph import Node, Value
from ..graph.make import Make
from ..graph.op import Types
from ..graph.tensor import TensorType


class Body(Record, eq=False):
    """One step. It reads `states`, which it had before the step, `inputs`, which are this step's rows of the stacks,
    and `captured`, the same at every step.

    `next` are the states after the step; `outputs` are stacked up, `totals` added up over the steps.
    """

    states: tuple[Value, ...]
    inputs: tuple[Value, ...]
    captured: tuple[Value, ...]
    nodes: tuple[Node, ...]
    next: tuple[Value, ...]
    outputs: tuple[Value, ...]
    totals: tuple[Value, ...] = ()

    @property
    def leaves(self) -> tuple[Value, ...]:
        return (*self.states, *self.inputs, *self.captured)

    @property
    def results(self) -> tuple[Value, ...]:
        return (*self.next, *self.outputs, *self.totals)

    @property
    def samples(self) -> Dim:
        """N, the rows of one step."""
        return (*self.states, *self.inputs)[0].type.shape[0]

    def types(self, steps: Dim) -> tuple[Types, Types]:
        """The types of what a loop over this body takes, and of what it gives."""

        def stacks(values: Iterable[Value]) -> Types:
            return tuple([stacked(value.type, steps) for value in values])

        def same(values: Iterable[Value]) -> Types:
            return tuple([value.type for value in values])

        return (
            (*same(self.states), *stacks(self.inputs), *same(self.captured)),
            (*same(self.states), *stacks(self.outputs), *same(self.totals)),
        )


def stacked(step: TensorType, steps: Dim) -> TensorType:
    """The type of the stack of all steps of a value."""
    return step.with_shape(steps * step.shape[0], *step.shape[1:])


def made_anew(body: Body, types: Types, *, training: bool) -> Body:
    """The body on leaves of these element types, each operation in its form for inference or for training."""
    b = Make()
    of = {leaf: b.leaf(TensorType(type.dtype, leaf.type.shape)) for leaf, type in zip(body.leaves, types, strict=True)}
    for node in body.nodes:
        b.use = node.use
        ins = tuple([of[value] for value in node.ins])
        of.update(zip(node.outs, node.op.train(b, ins) if training else node.op.lower(b, ins), strict=True))
    return with_nodes(body, of, b.nodes)


def with_nodes(body: Body, of: Mapping[Value, Value], nodes: Sequence[Node]) -> Body:
    """The body of these nodes; `of` has what stands for its leaves and results, where that is another value."""

    def new(values: tuple[Value, ...]) -> tuple[Value, ...]:
        return tuple([of.get(value, value) for value in values])

    return without_dead(
        Body(
            new(body.states),
            new(body.inputs),
            new(body.captured),
            tuple(nodes),
            new(body.next),
            new(body.outputs),
            new(body.totals),
        )
    )


def without_dead(body: Body) -> Body:
    """The body without the nodes that its results do not need."""
    needed = set(body.results)
    kept = []
    for node in reversed(body.nodes):
        if not needed.isdisjoint(node.outs):
            needed.update(node.ins)
            kept.append(node)
    return replace(body, nodes=tuple(reversed(kept)))


def depending(nodes: Iterable[Node], sources: Iterable[Value]) -> set[Value]:
    """These values and all that the nodes make of them."""
    found = set(sources)
    for node in nodes:
        if not found.isdisjoint(node.ins):
            found.update(node.outs)
    return found
