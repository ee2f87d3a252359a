"""A prediction as ONNX nodes: plain data with the names that a reader of the spec knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...runtime.record import Record
from ..graph.computation import Computation
from ..graph.dims import Dim, Poly
from ..graph.graph import Graph, Node, Port, Use, Value
from ..graph.onnx_code import Constant, OnnxCode, OnnxNode
from ..graph.op import OpError
from ..graph.tensor import TensorType
from ..passes.build import prediction
from ..recurrence.operators import KINDS, RecurrentOperator, with_operators
from ..recurrence.scan import Scan
from ..source import Span

LOOPS = (Scan, RecurrentOperator)
RECURRENT = {*KINDS.values(), "Scan"}


class Exported(Record, eq=False):
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
    def __init__(self, found: Computation, uses: Sequence[Use], opset: int) -> None:
        self.uses = uses
        self.found = found
        self.opset = opset
        self.names: dict[Value, str] = {}
        self.nodes: list[tuple[str, OnnxNode]] = []
        self.constants: list[Constant] = []
        self._sizes: dict[str, str] = {}
        self._used: dict[str, int] = {}
        self._named: set[str] = set()
        # The node of each use that bears its name: its loop, or what reads its weights, or its first.
        self._main: dict[int, Node] = {}
        weights = {parameter.value for parameter in found.parameters}

        def rank(node: Node) -> int:
            return 0 if isinstance(node.op, LOOPS) else 1 if not weights.isdisjoint(node.ins) else 2

        for node in reversed(found.nodes):
            if rank(node) <= rank(self._main.get(node.use, node)):
                self._main[node.use] = node

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
        nodes, read = _live(self.nodes, {port.name for port in self.found.outputs})
        return Exported(
            tuple((port.name, port.value.type) for port in self.found.feeds),
            tuple((port.name, port.value.type) for port in self.found.outputs),
            tuple((p.name, p.value.type) for p in self.found.parameters if p.name in read),
            tuple(constant for constant in self.constants if constant.name in read),
            nodes,
            {self.names[value]: value.type for node in self.found.nodes for value in node.outs[:1]},
        )

    def _node(self, node: Node) -> None:
        use = self.uses[node.use]
        path = use.name.replace(".", "/")
        count = self._used[path] = self._used.get(path, 0) + 1
        name = f"{path}/{type(node.op).__name__}:{count}"
        if self._main[node.use] is node and path not in self._named:
            name = path
            self._named.add(path)
        for number, value in enumerate(node.outs):
            self.names.setdefault(value, f"{name}:out{number or ''}")
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
        main = next((inner for inner in code.nodes if inner.kind in RECURRENT), code.nodes[-1])
        self.nodes += [
            (name if inner is main else f"{name}/{inner.kind}.{number}", inner)
            for number, inner in enumerate(code.nodes)
        ]

    def _size(self, symbol: str) -> str:
        """The name of a tensor [1] with the size of a symbolic dimension, from an input that has it, or factor times it
        and a shift."""
        if symbol not in self._sizes:
            found = [
                (*solved, port.name, axis)
                for port in self.found.feeds
                for axis, dim in enumerate(port.value.type.shape)
                if (solved := _linear(dim, symbol))
            ]
            if not found:
                raise OpError("not-exportable", f"no input has the size {symbol}", help=f"bind it: `--dim {symbol}=…`")
            self._sizes[symbol] = self._looked_up(symbol, *min(found, key=lambda solved: (solved[0], abs(solved[1]))))
        return self._sizes[symbol]

    def _looked_up(self, symbol: str, factor: int, shift: int, port: str, axis: int) -> str:
        size, name = f"size/{symbol}", port
        steps: list[tuple[str, int | None]] = [("Shape", None), ("Gather", axis)]
        steps += [("Sub", shift)] if shift else []
        steps += [("Div", factor)] if factor != 1 else []
        for place, (kind, number) in enumerate(steps, 1):
            path = size if place == len(steps) else f"{size}/{kind}"
            ins = (name,) if number is None else (name, self._number(f"{size}/{kind}:c0", number))
            name = size if path == size else f"{path}:out"
            self.nodes.append((path, OnnxNode(kind, ins, (name,), ())))
        return name

    def _number(self, name: str, value: int) -> str:
        self.constants.append(Constant(name, "i64", (1,), (value,)))
        return name


def _live(
    nodes: Sequence[tuple[str, OnnxNode]], outputs: set[str]
) -> tuple[tuple[tuple[str, OnnxNode], ...], set[str]]:
    """The nodes that the outputs need, and all names that are read."""
    read = set(outputs)
    kept = []
    for path, node in reversed(nodes):
        if not read.isdisjoint(node.outs):
            read |= node.reads()
            kept.append((path, node))
    return tuple(reversed(kept)), read


def _linear(dim: Dim, symbol: str) -> tuple[int, int] | None:
    """The factor and the shift of a size `factor · symbol + shift`; None for another one."""
    terms = dict(dim.terms) if isinstance(dim, Poly) else {}
    factor = terms.pop((symbol,), 0)
    return (factor, terms.get((), 0)) if factor > 0 and set(terms) <= {()} else None


def nodes(graph: Graph, opset: int, *, lower_rnn: bool = False) -> Exported:
    """The ONNX form of a network's prediction. Bundled cells become LSTM, GRU and RNN, with `lower_rnn` Scan as all
    others do. Raises NotExportable."""
    return written(prediction(graph if lower_rnn else with_operators(graph)), graph.uses, opset)


def written(found: Computation, uses: Sequence[Use], opset: int) -> Exported:
    """The ONNX form of a computation whose nodes belong to these uses of layers. Raises NotExportable."""
    return _Writer(found, uses, opset).write()
