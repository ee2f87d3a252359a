"""The graph: typed values, and nodes in the order in which they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...runtime.record import Record
from ..source import Span
from .initial import Initial
from .op import Op
from .tensor import TensorType


class Value(Record, eq=False):
    """One tensor of the graph; compared by identity. `number` is unique within its graph."""

    type: TensorType
    number: int


class Node(Record, eq=False):
    """One operation. `use` is the index of the layer use that it belongs to."""

    op: Op
    ins: tuple[Value, ...]
    outs: tuple[Value, ...]
    use: int


class Parameter(Record, eq=False):
    """What a checkpoint holds under `name`: a trained parameter, or a buffer (`trainable` false).

    `axes` names each dimension for the explanations. `fan` is (fan in, fan out) for the initialiser. `parts` are the
    weights that it holds one below the other, each with its own first values and the use that reads it. `turned` is
    whether `value` is the transpose of what a checkpoint holds.
    """

    name: str
    value: Value
    axes: tuple[str, ...]
    trainable: bool
    initial: Initial
    fan: tuple[int, int]
    use: int
    parts: tuple[Parameter, ...] = ()
    turned: bool = False


class Use(Record, eq=False):
    """One use of a layer in the text, after expansion: a row of the table.

    `chain` lists the uses of blocks that led to it, the outermost first. `shared_with` names the use that made the
    weights when this one only uses them again. `part_of` is the index of the use of a cell that this is an equation of.
    """

    name: str
    kind: str
    span: Span
    chain: tuple[Span, ...]
    ins: tuple[Value, ...]
    outs: tuple[Value, ...]
    shared_with: str | None
    part_of: int | None = None


def name_of(uses: Sequence[Use], number: int) -> str:
    """The name of the use that a node belongs to. A net without layers computes nothing but its loss."""
    return uses[number].name if uses else "loss"


class Port(Record, eq=False):
    """A named input, target or output of a net."""

    name: str
    value: Value
    span: Span


class Graph(Record, eq=False):
    """A whole network; every value is an input, a target, a parameter or the output of just one node.

    `scopes` has the kind of each scope of names: that of a block, or `block` for a binding of several layers.
    """

    inputs: tuple[Port, ...]
    targets: tuple[Port, ...]
    parameters: tuple[Parameter, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[Port, ...]
    uses: tuple[Use, ...]
    scopes: Mapping[str, str]


def verify(graph: Graph) -> None:
    """Run every shape rule again, and check that each value is made once and before it is used.

    Raises AssertionError: a graph that fails is a defect of the compiler, never of a spec.
    """
    known = {port.value for port in (*graph.inputs, *graph.targets)} | {p.value for p in graph.parameters}
    for node in graph.nodes:
        for value in node.ins:
            assert value in known, f"{node.op} reads %{value.number} before it is made"
        types = node.op.infer(tuple(value.type for value in node.ins))
        assert types == tuple(value.type for value in node.outs), f"{node.op}: {types}"
        for value in node.outs:
            assert value not in known, f"%{value.number} is made twice"
            known.add(value)
    for port in graph.outputs:
        assert port.value in known, f"the output {port.name} is never made"
