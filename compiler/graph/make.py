"""Building nodes in a pass: equal operations on equal inputs are made once, and each is simplified as it is made."""

from __future__ import annotations

from .graph import Node, Value
from .op import Op, Types, Values
from .tensor import Float, TensorType


class Make:
    """Makes the nodes of a new graph. Calling it with a primitive and its inputs returns the primitive's output.

    `use` is the layer use that new nodes belong to. `updates` maps a buffer to its value after the step. `float_type`,
    if given, is that of all floats. `leaves` are already there, numbered from one.
    """

    def __init__(self, float_type: Float | None = None, leaves: int = 0) -> None:
        self.float_type = float_type
        self.nodes: list[Node] = []
        self.updates: dict[Value, Value] = {}
        self.use = 0
        self._made: dict[tuple[Op, Values], Values] = {}
        self._types: dict[tuple[Op, Types], Types] = {}
        self._producers: dict[Value, Node] = {}
        self._numbers = leaves

    def leaf(self, type: TensorType) -> Value:
        """A new value with no node: an input, target or parameter."""
        self._numbers += 1
        return Value(type, self._numbers)

    def producer(self, value: Value) -> Node | None:
        """The node that made a value; None for an input, target or parameter."""
        return self._producers.get(value)

    def serial(self) -> int:
        """A number that no other operation of this graph has, for operations that draw random numbers of their own."""
        self._numbers += 1
        return self._numbers

    def current(self, buffer: Value) -> Value:
        """The value that a buffer has by now."""
        return self.updates.get(buffer, buffer)

    def all(self, op: Op, *ins: Value) -> Values:
        """The outputs of an operation, simplified."""
        key = (op, ins)
        found = self._made.get(key)
        if found is None:
            found = op.simplify(self, ins) or self.keep(op, ins)
            self._made[key] = found
        return found

    def keep(self, op: Op, ins: Values) -> Values:
        """The outputs of just this operation."""
        types = tuple([value.type for value in ins])
        outs = self._types.get((op, types))
        if outs is None:
            outs = self._types[op, types] = op.infer(types)
        values = tuple([self.leaf(type) for type in outs])
        node = Node(op, ins, values, self.use)
        self.nodes.append(node)
        for value in values:
            self._producers[value] = node
        return values

    def __call__(self, op: Op, *ins: Value) -> Value:
        return self.all(op, *ins)[0]
