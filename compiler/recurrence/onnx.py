"""A loop as the ONNX operator Scan."""

from __future__ import annotations

from ..graph.dims import Dim
from ..graph.graph import Node, Value
from ..graph.onnx_code import Attribute, OnnxCode, OnnxNode, Subgraph
from ..graph.tensor import TensorType
from .body import Body


def write(code: OnnxCode, body: Body, steps: Dim, *, reverse: bool) -> None:
    """Write the loop. What the body captures it reads from outside, as a subgraph may. Raises OpError."""
    count = len(body.states)
    names = dict(zip(body.captured, code.ins[count + len(body.inputs) :], strict=True))
    stacks = [_apart(code, name, value, steps) for name, value in zip(code.ins[count:], body.inputs, strict=False)]
    counted = None
    if not stacks:
        # A Scan takes its number of steps from its inputs.
        counted = (f"{code.prefix}/step:none", TensorType(code.dtype, ()))
        stacks = [code.node("Expand", code.scalar(0), code.size(steps))]
    for number, value in enumerate((*body.states, *body.inputs)):
        names[value] = f"{code.prefix}/step:in{number}"
    nodes: list[tuple[str, OnnxNode]] = []
    for place, node in enumerate(body.nodes):
        nodes += _node(code, node, names, f"{code.prefix}/step/{type(node.op).__name__}:{place}")
    results = []
    for place, value in enumerate((*body.next, *body.outputs)):
        out = f"{code.prefix}/step:out{place}"
        nodes.append((f"{code.prefix}/step/result:{place}", OnnxNode("Identity", (names[value],), (out,), ())))
        results.append((out, value.type))
    inputs = tuple([(names[value], value.type) for value in (*body.states, *body.inputs)])
    graph = Subgraph((*inputs, *([counted] if counted else [])), tuple(results), tuple(nodes))
    made = [f"{code.prefix}:steps{place}" for place in range(len(body.outputs))]
    direction = int(reverse)
    attributes: dict[str, Attribute] = {
        "body": graph,
        "num_scan_inputs": len(stacks),
        "scan_input_directions": (direction,) * len(stacks),
        **({"scan_output_directions": (direction,) * len(made)} if made else {}),
    }
    outs = (*code.outs[:count], *made)
    code.nodes.append(OnnxNode("Scan", (*code.ins[:count], *stacks), outs, tuple(attributes.items())))
    for name, value, out in zip(made, body.outputs, code.outs[count:], strict=True):
        shape = code.shape((steps * value.type.shape[0], *value.type.shape[1:]))
        code.nodes.append(OnnxNode("Reshape", (name, shape), (out,), ()))


def _apart(code: OnnxCode, name: str, value: Value, steps: Dim) -> str:
    """A stack [T · N, …] as [T, N, …]."""
    return code.node("Reshape", name, code.shape((steps, *value.type.shape)))


def _node(code: OnnxCode, node: Node, names: dict[Value, str], prefix: str) -> list[tuple[str, OnnxNode]]:
    for number, value in enumerate(node.outs):
        names[value] = f"{prefix}:out{number}"
    inner = OnnxCode(
        tuple([names[value] for value in node.ins]),
        tuple([names[value] for value in node.outs]),
        tuple([value.type for value in node.ins]),
        tuple([value.type for value in node.outs]),
        code.opset,
        prefix,
        code.size_of,
    )
    node.op.onnx(inner)
    # Constants stand outside, where the body can read them too.
    code.constants += inner.constants
    return [(f"{prefix}:{number}", made) for number, made in enumerate(inner.nodes)]
