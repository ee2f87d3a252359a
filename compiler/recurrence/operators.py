"""The bundled cells as the recurrent operators of ONNX: LSTM, GRU and RNN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from ...runtime.record import replace
from ..graph.dims import Dim
from ..graph.formula import NOTHING, Formula
from ..graph.graph import Graph, Node, Value
from ..graph.op import Example, Op, Types, primitive
from ..ops.select import Running
from .scan import Scan
from .weights import Roles, roles

if TYPE_CHECKING:
    from ..graph.onnx_code import Attribute, OnnxCode

# The gates of each operator in its own order (onnx, docs/Operators.md), by their names in the bundled cells.
GATES = {"lstm": "iofg", "gru": "zrn", "elman": "h"}
KINDS: Mapping[str, Literal["LSTM", "GRU", "RNN"]] = {"lstm": "LSTM", "gru": "GRU", "elman": "RNN"}
ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu", "sigmoid": "Sigmoid"}
PEEPHOLES = "iof"


@primitive
class RecurrentOperator(Op):
    """A loop over a bundled cell, for ONNX alone.

    Inputs: the stack, the lengths if `lengths`, the first states, then the weights in the order of `roles`, which names
    each by its gate and part. Outputs: those of the loop.
    """

    operands = ("inputs",)
    kind: Literal["LSTM", "GRU", "RNN"]
    gates: str
    roles: Roles
    outs: Types
    steps: Dim
    reverse: bool
    lengths: bool
    options: tuple[tuple[str, int | str], ...]

    def infer(self, ins: Types) -> Types:
        return self.outs

    def flops(self, ins: Types, outs: Types) -> Formula:
        """Those of the loop are counted."""
        return NOTHING

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """What is exported runs this."""
        return ()

    def onnx(self, code: OnnxCode) -> None:
        states = 2 if self.kind == "LSTM" else 1
        x, *rest = code.ins
        lengths = code.node("Cast", rest.pop(0), to=6) if self.lengths else ""
        first, weights = rest[:states], dict(zip(self.roles, rest[states:], strict=True))
        n, units = self.outs[0].shape
        assert isinstance(units, int)
        features = code.types[0].shape[-1]
        sequence = code.node("Reshape", x, code.shape((self.steps, n, features)))
        ins = [
            sequence,
            self._joined(code, weights, "w", (units, features), "W"),
            self._joined(code, weights, "r", (units, units), "R"),
            self._biases(code, weights, units),
            lengths,
            *(code.node("Unsqueeze", state, code.ints(0)) for state in first),
        ]
        if any(role == "p" for _, role in self.roles):
            flat = [
                code.node("Reshape", weights[gate, "p"], code.ints(-1))
                if (gate, "p") in weights
                else code.constant(code.dtype, (units,), 0.0)
                for gate in PEEPHOLES
            ]
            ins.append(self._named(code, code.node("Concat", *flat, axis=0), "P"))
        self._write(code, ins, states, units)

    def _named(self, code: OnnxCode, joined: str, name: str) -> str:
        """The weights of all gates for the only direction, under the operator's name for them."""
        named = f"{code.prefix}:{name}"
        code.add("Unsqueeze", (joined, code.ints(0)), (named,))
        return named

    def _joined(
        self, code: OnnxCode, weights: Mapping[tuple[str, str], str], role: str, shape: tuple[Dim, ...], name: str
    ) -> str:
        """The matrices of all gates, one below the other, [1, gates · units, …]; zeros where a gate has none."""
        assert all(isinstance(size, int) for size in shape)
        zeros = tuple(int(size) for size in shape if isinstance(size, int))
        parts = [weights.get((gate, role)) or code.constant(code.dtype, zeros, 0.0) for gate in self.gates]
        joined = code.node("Concat", *parts, axis=0) if len(parts) > 1 else parts[0]
        return self._named(code, joined, name)

    def _biases(self, code: OnnxCode, weights: Mapping[tuple[str, str], str], units: int) -> str:
        """The biases of the input's side of all gates, then those of the state's, [1, 2 · gates · units]."""
        parts = [
            weights.get((gate, role)) or code.constant(code.dtype, (units,), 0.0)
            for role in "bc"
            for gate in self.gates
        ]
        return self._named(code, code.node("Concat", *parts, axis=0), "B")

    def _write(self, code: OnnxCode, ins: list[str], states: int, units: int) -> None:
        stacked = len(code.outs) > states
        made = f"{code.prefix}:sequence" if stacked else ""
        last = [f"{code.prefix}:last{place}" for place in range(states)]
        attributes: dict[str, Attribute] = {
            "hidden_size": units,
            "direction": "reverse" if self.reverse else "forward",
            **{name: (str(value),) if name == "activations" else value for name, value in self.options},
        }
        code.add(self.kind, tuple(ins), (made, *last), **attributes)
        for name, out in zip(last, code.outs[:states], strict=True):
            code.add("Squeeze", (name, code.ints(0)), (out,))
        if stacked:
            # [T, 1, N, units], the second for the direction.
            shape = code.shape((self.steps * self.outs[0].shape[0], units))
            code.add("Reshape", (made, shape), (code.outs[states],))


def with_operators(graph: Graph) -> Graph:
    """The graph with an operator for every loop over a bundled cell that ONNX has one for.

    Loops in float64 stay loops: onnxruntime takes such an operator, and then says that it has no kernel for it.
    """
    makers = {value: node for node in graph.nodes for value in node.outs}
    nodes = tuple([_operator(node, makers) or node for node in graph.nodes])
    return replace(graph, nodes=nodes)


def _operator(node: Node, makers: Mapping[Value, Node]) -> Node | None:
    op = node.op
    if not isinstance(op, Scan) or op.cell is None or op.cell.name not in GATES:
        return None
    name, arguments = op.cell.name, dict(op.cell.arguments)
    options = _options(name, arguments)
    if options is None or len(op.body.states) != (2 if name == "lstm" else 1):
        return None
    states = node.ins[: len(op.body.states)]
    x, *masks = node.ins[len(states) : len(states) + len(op.body.inputs)]
    lengths = [makers[mask].ins[0] for mask in masks if isinstance(makers[mask].op, Running)]
    weights = node.ins[len(states) + len(op.body.inputs) :]
    of = roles(name, arguments)
    if len(weights) != len(of) or x.type.rank != 2 or x.type.dtype != "f32":
        return None
    outs = tuple([value.type for value in node.outs])
    made = RecurrentOperator(
        KINDS[name], GATES[name], of, outs, op.steps, op.reverse, bool(lengths), tuple(options.items())
    )
    return Node(made, (x, *lengths[:1], *states, *weights), node.outs, node.use)


def _options(name: str, arguments: Mapping[str, str]) -> dict[str, int | str] | None:
    """The attributes that say which form of the cell it is; None when the operator has no such form."""
    if name == "lstm":
        return {"input_forget": 1} if arguments["coupled"] == "yes" else {}
    if name == "gru":
        return {"linear_before_reset": int(arguments["reset"] == "after")}
    activation = ACTIVATIONS.get(arguments["activation"])
    return {"activations": activation} if activation else None
