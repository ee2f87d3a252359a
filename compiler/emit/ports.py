"""What is fed to a program: the inputs and targets, with the whole numbers that each takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from ...runtime.ports import Port
from ..graph.axes import class_axis
from ..graph.code import NUMPY_TYPES
from ..graph.dims import Dim, Poly
from ..graph.graph import Graph, Value
from ..graph.graph import Port as GraphPort
from ..graph.tensor import Float
from ..ops.embed import Embed
from ..ops.shape import LastStep, Slice
from ..training.settings import Settings


class _Reader(NamedTuple):
    """What looks something up by whole numbers: it knows those below `known`, and passes over `ignore`. Where it reads
    a part of them, what is known of the others is not said."""

    known: Dim
    ignore: int | None
    part: bool = False


def ports(
    graph: Graph, settings: Settings | None, float_type: Float | None = None
) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    """The inputs and the targets, which do not depend on the sizes that are planned."""
    readers = _readers(graph, settings)
    inputs = tuple(_port(port, readers, float_type) for port in graph.inputs)
    return inputs, tuple(_port(port, readers, float_type) for port in graph.targets)


def _port(port: GraphPort, readers: Mapping[Value, set[_Reader]], float_type: Float | None) -> Port:
    """What may be fed to a port: numbers that all its readers know, or if these read parts of it, one of them."""
    type, found = port.value.type, readers.get(port.value, set())
    whole = {reader for reader in found if not reader.part}
    known = [reader.known for reader in whole or found if isinstance(reader.known, int)]
    classes = (min if whole else max)(known, default=None)
    ignored = {reader.ignore for reader in found if whole or reader.ignore is not None}
    dims = tuple(str(dim) if isinstance(dim, Poly) else dim for dim in type.shape)
    dtype = float_type if float_type and type.dtype in ("f32", "f64") else type.dtype
    return Port(port.name, NUMPY_TYPES[dtype], dims, classes, ignored.pop() if len(ignored) == 1 else None)


def _readers(graph: Graph, settings: Settings | None) -> dict[Value, set[_Reader]]:
    """The tables and losses that whole numbers reach, also where they are moved on their way."""
    found: dict[Value, set[_Reader]] = defaultdict(set)
    for call in settings.loss if settings else ():
        if call.kind in ("cross_entropy", "nll"):
            classes = call.prediction.type.shape[class_axis(call.prediction.type)]
            found[call.target].add(_Reader(classes, call.ignore))
    for node in reversed(graph.nodes):
        if isinstance(node.op, Embed):
            found[node.ins[0]].add(_Reader(node.ins[1].type.shape[0], None))
        # What makes whole numbers of whole numbers only moves them.
        for value in node.ins if node.outs[0].type.dtype == "i64" else ():
            moved = {reader for out in node.outs for reader in found[out]}
            part = isinstance(node.op, Slice | LastStep)
            found[value] |= {reader._replace(part=reader.part or part) for reader in moved}
    return found
