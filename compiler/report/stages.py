"""A stage of the compilation as text: one line for each node, `%7 = Tanh() %6 : f32[N, 6, 28, 28]  # tanh1`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..diagnostics.visible import visible
from ..graph.computation import Computation
from ..graph.graph import Graph, Node, Parameter, Port, Use


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
        ins = "".join(f" %{value.number}" for value in node.ins)
        types = ", ".join(str(value.type) for value in node.outs)
        yield f"{outs} = {node.op}{ins} : {types}  # {visible(uses[node.use].name)}"
