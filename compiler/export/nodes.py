"""A prediction as ONNX nodes: plain data with the names that a reader of the spec knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..graph.computation import Computation
from ..graph.dims import Poly
from ..graph.graph import Graph, Node, Port, Value
from ..graph.onnx_code import Constant, OnnxCode, OnnxNode
from ..graph.op import OpError
from ..graph.tensor import TensorType
from ..passes.build import prediction
from ..source import Span


@dataclass(frozen=True, slots=True, eq=False)
class Exported:
    """What a model file holds. `parameters` pairs the name of each weight that is read with its type; `shapes` has the
    types of what the nodes of the network make, by name."""

    inputs: tuple[tuple[str, TensorType], ...]
    outputs: tuple[tuple[str, TensorType], ...]
    parameters: tuple[tuple[str, TensorType], ...]
    constants: tuple[Constant, ...]
    nodes: tuple[tuple[str, OnnxNode], ...]
    shapes: Mapping[str, TensorType]


class NotExportable(Exception):
    """A layer has no form in this opset; `span` is its place."""

    def __init__(self, error: OpError, span: Span) -> None:
        super().__init__(error.message)
        self.message = error.message
        self.help = error.help
        self.span = span


class _Writer:
    def __init__(self, graph: Graph, found: Computation, opset: int) -> None:
        self.graph = graph
        self.found = found
        self.opset = opset
        self.names: dict[Value, str] = {}
        self.nodes: list[tuple[str, OnnxNode]] = []
        self.constants: list[Constant] = []
        self._sizes: dict[str, str] = {}
        self._used: dict[str, int] = {}

    def write(self) -> Exported:
        for port in self.found.feeds:
            self.names[port.value] = port.name
        for parameter in self.found.parameters:
            self.names[parameter.value] = parameter.name
        made = {value for node in self.found.nodes for value in node.outs}
        copied: list[Port] = []
        for port in self.found.outputs:
            if port.value in made and port.value not in self.names:
                self.names[port.value] = port.name
            else:
                copied.append(port)
        for node in self.found.nodes:
            self._node(node)
        for port in copied:
            if self.names[port.value] == port.name:
                continue
            self.nodes.append(
                (f"output/{port.name}", OnnxNode("Identity", (self.names[port.value],), (port.name,), ()))
            )
        read = {name for _, node in self.nodes for name in node.ins}
        return Exported(
            tuple((port.name, port.value.type) for port in self.found.feeds),
            tuple((port.name, port.value.type) for port in self.found.outputs),
            tuple((p.name, p.value.type) for p in self.found.parameters if p.name in read),
            tuple(self.constants),
            tuple(self.nodes),
            {self.names[value]: value.type for node in self.found.nodes for value in node.outs[:1]},
        )

    def _node(self, node: Node) -> None:
        use = self.graph.uses[node.use]
        path = use.name.replace(".", "/")
        count = self._used[path] = self._used.get(path, 0) + 1
        name = path if count == 1 else f"{path}/{type(node.op).__name__}:{count}"
        for value in node.outs:
            self.names.setdefault(value, f"{name}:out")
        code = OnnxCode(
            tuple([self.names[value] for value in node.ins]),
            tuple([self.names[value] for value in node.outs]),
            tuple([value.type for value in node.ins]),
            tuple([value.type for value in node.outs]),
            self.opset,
            name,
            self._size,
        )
        try:
            node.op.onnx(code)
        except OpError as error:
            raise NotExportable(error, use.span) from None
        self.constants += code.constants
        *before, last = code.nodes
        self.nodes += [(f"{name}/{inner.kind}:{number}", inner) for number, inner in enumerate(before)]
        self.nodes.append((name, last))

    def _size(self, symbol: str) -> str:
        """The name of a tensor that holds the size of a symbolic dimension, from the first input that has it."""
        if symbol not in self._sizes:
            for port in self.found.feeds:
                for axis, dim in enumerate(port.value.type.shape):
                    if isinstance(dim, Poly) and str(dim) == symbol:
                        return self._looked_up(symbol, port, axis)
            raise OpError("not-exportable", f"no input has the size {symbol}", help=f"bind it: `--dim {symbol}=…`")
        return self._sizes[symbol]

    def _looked_up(self, symbol: str, port: Port, axis: int) -> str:
        shape, place, size = f"size/{symbol}:shape", f"size/{symbol}:axis", f"size/{symbol}"
        self.constants.append(Constant(place, "i64", (1,), (axis,)))
        self.nodes.append((f"{size}/Shape", OnnxNode("Shape", (port.name,), (shape,), ())))
        self.nodes.append((size, OnnxNode("Gather", (shape, place), (size,), (("axis", 0),))))
        self._sizes[symbol] = size
        return size


def nodes(graph: Graph, opset: int) -> Exported:
    """The ONNX form of a network's prediction. Raises NotExportable."""
    return _Writer(graph, prediction(graph), opset).write()
