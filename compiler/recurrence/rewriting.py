"""The body of a loop written anew, node by node."""

from __future__ import annotations

from ..graph.graph import Node, Value
from ..graph.make import Make
from ..graph.op import Op, Values
from .body import Body, with_nodes


class Rewriting:
    """A body being written anew; `of` maps the values that are replaced."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.b = Make()
        self.of: dict[Value, Value] = {}

    def copy(self, node: Node, *ins: Value) -> None:
        """The same node, on other inputs where these are given."""
        read = ins or tuple([self.of.get(value, value) for value in node.ins])
        self.b.nodes.append(Node(node.op, read, node.outs, node.use))

    def add(self, op: Op, *ins: Value) -> Values:
        return self.b.keep(op, tuple([self.of.get(value, value) for value in ins]))

    def done(self) -> Body:
        return with_nodes(self.body, self.of, self.b.nodes)
