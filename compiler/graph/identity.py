"""What a network computes, in one hash: equal for networks whose weights mean the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from ...runtime.record import Record, asdict
from .graph import Graph, Node, Parameter, Port, Value
from .tensor import TensorType


def identity(graph: Graph) -> str:
    """A hash of the inputs, parameters, operations and outputs of a network.

    Names of layers without weights, first values and places in the text do not count.
    """
    digest, numbers = hashlib.sha256(), dict[Value, int]()
    for part in (graph.inputs, graph.parameters, graph.nodes, graph.outputs):
        for line in _lines(part, numbers):
            digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def _lines(parts: Iterable[object], numbers: dict[Value, int]) -> Iterable[str]:
    return (_told(part, numbers) for part in parts)


def _told(found: object, numbers: dict[Value, int]) -> str:
    """A value, node or attribute in words that are the same in every process."""
    match found:
        case Value():
            return f"%{numbers.setdefault(found, len(numbers))} {found.type}"
        case Port():
            return f"{found.name} {_told(found.value, numbers)}"
        case Parameter():
            return f"{found.name} {found.trainable} {_told(found.value, numbers)}"
        case Node():
            return f"{_told(found.op, numbers)} {_told(found.ins, numbers)} {_told(found.outs, numbers)}"
        case TensorType(dtype, shape):
            return f"TensorType{_told((dtype, shape), numbers)}"
        case tuple() | list():
            return f"({', '.join(_lines(found, numbers))})"
        case Record():
            return f"{type(found).__name__}{_told(tuple(asdict(found).values()), numbers)}"
    return repr(found)
