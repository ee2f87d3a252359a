"""What runs: nodes in order, what is fed to them, and what they leave behind."""

from __future__ import annotations

from ...runtime.record import Record
from .graph import Node, Parameter, Port, Value


class Carried(Record, eq=False):
    """A state that stays from run to run: `before` is read, `after` is what it becomes; it starts at `initial`."""

    before: Value
    after: Value
    initial: float


class Computation(Record, eq=False):
    """A graph ready to run: to predict, to evaluate, or to make one step of training.

    `feeds` are the arrays that a caller gives. `outputs` are the named results, `loss` is a scalar or None. `gradients`
    pairs each trained parameter with the value that is its gradient, `updates` each buffer with its value
    after the step, `carried` are states of cells. `forward` is the number of nodes before those of the gradients,
    `again` are those that make a value once more instead of its being kept.
    """

    feeds: tuple[Port, ...]
    parameters: tuple[Parameter, ...]
    nodes: tuple[Node, ...]
    forward: int
    outputs: tuple[Port, ...] = ()
    loss: Value | None = None
    gradients: tuple[tuple[Parameter, Value], ...] = ()
    updates: tuple[tuple[Parameter, Value], ...] = ()
    carried: tuple[Carried, ...] = ()
    again: frozenset[Node] = frozenset()

    def results(self) -> tuple[Value, ...]:
        """Every value that is wanted when all nodes have run."""
        return (
            *(port.value for port in self.outputs),
            *((self.loss,) if self.loss is not None else ()),
            *(value for _, value in self.gradients),
            *(value for _, value in self.updates),
            *(state.after for state in self.carried),
        )


def verify(found: Computation) -> None:
    """Run every shape rule again, and check that each value is made once and before it is used.

    Raises AssertionError: a computation that fails is a defect of the compiler, never of a spec.
    """
    known = {port.value for port in found.feeds} | {parameter.value for parameter in found.parameters}
    known |= {state.before for state in found.carried}
    for node in found.nodes:
        for value in node.ins:
            assert value in known, f"{node.op} reads %{value.number} before it is made"
        types = node.op.infer(tuple(value.type for value in node.ins))
        assert types == tuple(value.type for value in node.outs), f"{node.op}: {types}"
        for value in node.outs:
            assert value not in known, f"%{value.number} is made twice"
            known.add(value)
    for value in found.results():
        assert value in known, f"the result %{value.number} is never made"
    for parameter, gradient in (*found.gradients, *found.updates):
        assert gradient.type == parameter.value.type, f"{parameter.name}: {gradient.type}"
