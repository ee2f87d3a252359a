"""Truncated back-propagation: which dimension of a network is cut, and what keeps it from being cut."""

from __future__ import annotations

from collections.abc import Iterator

from ..graph.dims import Poly
from ..graph.graph import Graph, Node, Port, Value
from ..ops.fill import FillLike
from .scan import Scan


class NotUnrolled(Exception):
    """Why the sequences of a network cannot be cut into chunks."""


def unrolled(graph: Graph) -> str:
    """The symbol of the dimension that all loops run over. Raises NotUnrolled."""
    loops = [node for node in graph.nodes if isinstance(node.op, Scan)]
    if not loops:
        raise NotUnrolled("there is no cell to carry states")
    steps = dict.fromkeys(node.op.steps for node in loops if isinstance(node.op, Scan))
    symbol = next(iter(steps))
    if len(steps) > 1:
        raise NotUnrolled(f"cells run over {' and '.join(map(str, steps))} steps, which chunks do not share")
    if not isinstance(symbol, Poly) or symbol.terms != (((str(symbol),), 1),):
        raise NotUnrolled(f"the cells run over {symbol} steps, and not over a symbol such as `T`")
    for node in loops:
        assert isinstance(node.op, Scan)
        if node.op.reverse:
            raise NotUnrolled("a cell runs from the last step to the first, which a chunk does not have")
        if len(list(carried(node, _makers(graph)))) < len(node.op.body.states):
            raise NotUnrolled("a state starts from a tensor, and could not go on from the chunk before")
    for port in (*graph.inputs, *graph.targets):
        _check(port, symbol)
    return str(symbol)


def _check(port: Port, symbol: Poly) -> None:
    shape = port.value.type.shape
    if len(shape) < 2 or shape[1] != symbol or symbol in shape[2:]:
        raise NotUnrolled(f"`{port.name}` is {port.value.type} and has no {symbol} as its second dimension")


def _makers(graph: Graph) -> dict[Value, Node]:
    return {value: node for node in graph.nodes for value in node.outs}


def carried(loop: Node, makers: dict[Value, Node]) -> Iterator[tuple[int, float]]:
    """The states of a loop that start at a number: their places among its inputs, and the numbers."""
    assert isinstance(loop.op, Scan)
    for place, value in enumerate(loop.ins[: len(loop.op.body.states)]):
        maker = makers.get(value)
        if maker is not None and isinstance(maker.op, FillLike):
            yield place, maker.op.value
