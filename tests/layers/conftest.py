"""`use` builds one layer, or a chain of them, straight into a graph and hands out its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from netc.compiler.graph.arguments import signature
from netc.compiler.graph.builder import Builder, OpenUse
from netc.compiler.graph.dims import Dim, Shape
from netc.compiler.graph.field import START, Field
from netc.compiler.graph.formula import Formula
from netc.compiler.graph.graph import Graph, Node, Port, Value, verify
from netc.compiler.graph.layer import find_layer
from netc.compiler.graph.tensor import SPATIAL, DType, TensorType
from netc.compiler.limits import DEFAULT_LIMITS
from netc.compiler.source import Source, Span

HERE = Span(Source("test.net", ""), 0, 0)


@dataclass(frozen=True)
class Built:
    """What a chain of layers became."""

    graph: Graph
    out: Value

    @property
    def shape(self) -> Shape:
        return self.out.type.shape

    @property
    def parameters(self) -> dict[str, Shape]:
        """The shapes of all weights and buffers, by name within their layer."""
        return {p.name.partition(".")[2]: p.value.type.shape for p in self.graph.parameters}

    @property
    def params(self) -> Dim:
        return sum((p.value.type.elements for p in self.graph.parameters if p.trainable), start=0)

    @property
    def buffers(self) -> Dim:
        return sum((p.value.type.elements for p in self.graph.parameters if not p.trainable), start=0)

    @property
    def macs(self) -> Dim:
        return self._total(lambda node: node.op.macs(*_types(node)))

    @property
    def flops(self) -> Dim:
        return self._total(lambda node: node.op.flops(*_types(node)))

    @property
    def field(self) -> Field:
        """The receptive field of the output in the first input."""
        weights = {p.value for p in self.graph.parameters}
        fields: dict[Value, Field] = {}
        for port in self.graph.inputs:
            fields[port.value] = tuple(START for _ in SPATIAL.get(port.value.type.rank, ())) or None
        for node in self.graph.nodes:
            seen = [fields[value] for value in node.ins if value not in weights]
            for value in node.outs:
                fields[value] = node.op.field(*_types(node), seen)
        return fields[self.out]

    @property
    def sizes(self) -> dict[str, Formula]:
        """The sizes that the last node explains."""
        node = self.graph.nodes[-1]
        return dict(node.op.sizes(*_types(node)))

    @property
    def padding(self) -> tuple[int, ...] | None:
        return next((node.op.padding() for node in self.graph.nodes if node.op.padding() is not None), None)

    def _total(self, figure: Callable[[Node], Formula]) -> Dim:
        return sum((figure(node).value for node in self.graph.nodes), start=0)


def _types(node: Node) -> tuple[tuple[TensorType, ...], tuple[TensorType, ...]]:
    return tuple(value.type for value in node.ins), tuple(value.type for value in node.outs)


def build(shapes: Sequence[Shape], layers: Sequence[tuple[str, dict[str, object]]], dtype: DType = "f32") -> Built:
    """The layers one after the other; the first is fed all inputs, and every argument is converted as in a spec."""
    b = Builder(DEFAULT_LIMITS)
    inputs = tuple(b.value(TensorType(dtype, shape)) for shape in shapes)
    values = inputs
    for name, arguments in layers:
        kind = find_layer(name)
        assert kind is not None, name
        known = {item.name: item for item in signature(kind)}
        layer = kind(**{key: known[key].convert(value) for key, value in arguments.items()})
        layer.check()
        b.open(OpenUse(name, HERE, (), values))
        made = layer.build(b, values)
        values = made if isinstance(made, tuple) else (made,)
        b.uses[-1].outs = values
    ports = tuple(Port(f"x{place}", value, HERE) for place, value in enumerate(inputs))
    names = [f"{use.kind}{place}" for place, use in enumerate(b.uses)]
    graph = b.finish(ports, (), (Port("y", values[0], HERE),), names)
    verify(graph)
    return Built(graph, values[0])


Use = Callable[..., Built]


@pytest.fixture(scope="session")
def use() -> Use:
    """`use("conv", (1, 3, 8, 8), maps=4, kernel=3)`: one layer on inputs of these shapes."""

    def one(name: str, *shapes: Shape, dtype: DType = "f32", **arguments: object) -> Built:
        return build(shapes, [(name, arguments)], dtype)

    return one


@pytest.fixture(scope="session")
def chain() -> Use:
    """`chain((1, 3, 8, 8), ("conv", {"maps": 4, "kernel": 3}), ("maxpool", {"kernel": 2}))`."""

    def several(shape: Shape, *layers: tuple[str, dict[str, object]]) -> Built:
        return build([shape], layers)

    return several
