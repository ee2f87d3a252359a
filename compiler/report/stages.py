"""A stage of the compilation as text: one line for each node, `%7 = Tanh() %6 : f32[N, 6, 28, 28]  # tanh1`, and below
a loop, further in, those of one step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from ...runtime.record import asdict, fields, replace
from ..diagnostics.visible import visible
from ..graph.computation import Computation
from ..graph.graph import Graph, Node, Parameter, Port, Use, Value, name_of
from ..recurrence.body import Body, with_nodes
from ..recurrence.scan import Scan


def graph_text(graph: Graph) -> str:
    """The graph of a network."""
    lines = [
        *_ports("input", graph.inputs),
        *_ports("target", graph.targets),
        *_parameters(graph.parameters),
        *_nodes(graph.nodes, graph.uses),
        *_ports("output", graph.outputs),
    ]
    return "\n".join(lines)


def computation_text(found: Computation, uses: Sequence[Use]) -> str:
    """A computation: a rule stands before the nodes of the gradients, what is left behind at the end."""
    lines = [
        *_ports("feed", found.feeds),
        *_parameters(found.parameters),
        *_nodes(found.nodes[: found.forward], uses),
        *(["--- gradients"] if found.forward < len(found.nodes) else []),
        *_nodes(found.nodes[found.forward :], uses),
        *_ports("output", found.outputs),
        *([f"loss %{found.loss.number}"] if found.loss is not None else []),
        *(f"gradient of {visible(parameter.name)} %{value.number}" for parameter, value in found.gradients),
        *(f"new value of {visible(parameter.name)} %{value.number}" for parameter, value in found.updates),
    ]
    return "\n".join(lines)


def _ports(word: str, ports: Sequence[Port]) -> Iterator[str]:
    for port in ports:
        yield f"{word} %{port.value.number} : {port.value.type}  # {visible(port.name)}"


def _parameters(parameters: Sequence[Parameter]) -> Iterator[str]:
    for parameter in parameters:
        word = "parameter" if parameter.trainable else "buffer"
        yield f"{word} %{parameter.value.number} : {parameter.value.type}  # {visible(parameter.name)}"


def _nodes(nodes: Sequence[Node], uses: Sequence[Use]) -> Iterator[str]:
    for node in nodes:
        outs = ", ".join(f"%{value.number}" for value in node.outs)
        types = ", ".join(str(value.type) for value in node.outs)
        op = _loop(node.op) if isinstance(node.op, Scan) else str(node.op)
        yield f"{outs} = {op}{_numbers(node.ins)} : {types}  # {visible(name_of(uses, node.use))}"
        if isinstance(node.op, Scan):
            yield from (f"  {line}" for line in _step(_numbered(node.op.body, node.ins), node.ins, uses))


def _loop(op: Scan) -> str:
    """The loop without its body, and what is as it is by default."""
    given = [f"{name}={value}" for name, value in asdict(op).items() if name != "body" and value != fields(op)[name]]
    return f"Scan({', '.join(given)})"


def _numbered(body: Body, ins: Sequence[Value]) -> Body:
    """A step whose values have numbers of their own: what writes a part of it anew counts from 1."""
    inside = [inner for inner, outer in zip(body.leaves, ins, strict=False) if inner is not outer]
    inside += [value for node in body.nodes for value in node.outs]
    numbers = count(max((value.number for value in ins), default=0) + 1)
    of = {value: Value(value.type, next(numbers)) for value in inside}

    def new(values: Sequence[Value]) -> tuple[Value, ...]:
        return tuple([of.get(value, value) for value in values])

    return with_nodes(body, of, [replace(node, ins=new(node.ins), outs=new(node.outs)) for node in body.nodes])


def _step(body: Body, ins: Sequence[Value], uses: Sequence[Use]) -> Iterator[str]:
    """One step: what it reads of what the loop is given, its nodes, and what becomes of their values."""
    words = [*("state" for _ in body.states), *("input" for _ in body.inputs), *("captured" for _ in body.captured)]
    for word, inner, outer in zip(words, body.leaves, ins, strict=False):
        if inner != outer:
            yield f"{word} %{inner.number} of %{outer.number} : {inner.type}"
    yield from _nodes(body.nodes, uses)
    for word, values in (("next", body.next), ("output", body.outputs), ("total", body.totals)):
        if values:
            yield f"{word}{_numbers(values)}"


def _numbers(values: Sequence[Value]) -> str:
    return "".join(f" %{value.number}" for value in values)
