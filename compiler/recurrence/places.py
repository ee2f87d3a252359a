"""Where the values of a step live: in a row of a stack, in a part of another value, or in memory that steps reuse.

Where all of a step is products and work on single elements, its values [N, features] lie in memory feature by feature:
each gate of a cell is then one piece of memory, and the product with the weights takes two thirds of the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...runtime.record import Record
from ..graph.graph import Node, Value
from ..graph.op import Op
from ..graph.tensor import TensorType
from ..ops.cut import Cut
from ..ops.embed import Embed
from ..ops.linear import Linear
from ..ops.shape import Concat
from .body import Body


class Home(Record, eq=False, frozen=False):
    """Memory of a step. `part` is (home, axis, start, stop) of another one that it is a part of; `fixed` when its
    place was decided outside of the step. In use from node `start` to node `end`."""

    value: Value
    fixed: bool = False
    part: tuple[Home, int, int, int] | None = None
    start: int = 0
    end: int = 0

    @property
    def root(self) -> Home:
        return self.part[0].root if self.part else self


def by_features(body: Body) -> bool:
    """Whether the values of a step lie feature by feature: where they are cut into gates."""
    kinds = {type(node.op) for node in body.nodes}
    return (
        Linear in kinds
        and not kinds.isdisjoint({Cut, Concat})
        and all(
            not node.op.random
            and _any_order(node.op)
            and all(lies_by_features(body, value.type) for value in node.outs)
            for node in body.nodes
        )
    )


def _any_order(op: Op) -> bool:
    return op.elementwise or isinstance(op, Linear | Embed) or (isinstance(op, Cut | Concat) and op.axis == 1)


def lies_by_features(body: Body, type: TensorType) -> bool:
    """Whether a value of a step whose values lie feature by feature does so."""
    return type.rank == 2 and type.shape[0] == body.samples and type.dtype in ("f32", "f64")


class Places:
    """The home of every value that the nodes of a step make; those of `fixed` have one that is decided outside."""

    def __init__(self, body: Body, fixed: Iterable[Value]) -> None:
        self.body = body
        self.nodes = body.nodes
        self.reads: dict[Value, list[int]] = {}
        for place, node in enumerate(self.nodes):
            for value in node.ins:
                self.reads.setdefault(value, []).append(place)
        for value in body.results:
            self.reads.setdefault(value, []).append(len(self.nodes))
        self.found = {value: Home(value, True) for value in fixed}
        for node in reversed(self.nodes):
            if isinstance(node.op, Concat):
                self._join(node)
        for place, node in enumerate(self.nodes):
            for number, value in enumerate(node.outs):
                if value not in self.found:
                    self.found[value] = self._place(node, place, number, value)
        self._lifetimes()

    def _join(self, node: Node) -> None:
        """The operands of a concatenation are written straight into it, where what makes them can do that."""
        op, out = node.op, node.outs[0]
        assert isinstance(op, Concat)
        whole = self.found.setdefault(out, Home(out))
        makers = {value: maker for maker in self.nodes for value in maker.outs}
        start = 0
        for value in node.ins:
            size = value.type.shape[op.axis]
            assert isinstance(size, int)
            maker = makers.get(value)
            alone = node.ins.count(value) == 1 and value not in self.found
            if alone and maker is not None and writes_anywhere(maker.op, value):
                self.found[value] = Home(value, part=(whole, op.axis, start, start + size))
            start += size

    def _place(self, node: Node, place: int, number: int, value: Value) -> Home:
        if isinstance(node.op, Cut) and node.ins[0] in self.found and self._read_anywhere(value):
            start = sum(node.op.extents[:number])
            return Home(value, part=(self.found[node.ins[0]], node.op.axis, start, start + node.op.extents[number]))
        inside = self._in_place(node, place, value) if number == 0 else None
        return inside or Home(value)

    def _read_anywhere(self, value: Value) -> bool:
        """Whether all that reads a value can read it where its rows do not lie one after the other."""
        readers = (self.nodes[place] for place in self.reads.get(value, ()) if place < len(self.nodes))
        return all(
            node.op.elementwise or isinstance(node.op, Cut | Concat) or _flat(node.op, value) for node in readers
        )

    def spent(self, node: Node) -> frozenset[int]:
        """The operands of a node that have memory of the step's own which nothing reads from then on."""
        place = self.nodes.index(node)
        homes = [self.found.get(value) for value in node.ins]
        return frozenset(
            operand
            for operand, home in enumerate(homes)
            if home is not None and not home.root.fixed and self._last(node.ins[operand], home, place)
        )

    def _in_place(self, node: Node, place: int, value: Value) -> Home | None:
        """The home of an operand that is read for the last time, where the primitive may write to it."""
        for operand in node.op.inplace:
            given = node.ins[operand] if operand < len(node.ins) else None
            home = self.found.get(given) if given is not None else None
            if home is None or given is None or home.root.fixed or given.type != value.type:
                continue
            readers = [n for n, other in enumerate(node.ins) if other is given]
            if all(n in node.op.inplace for n in readers) and self._last(given, home, place):
                return home
        return None

    def _last(self, given: Value, home: Home, place: int) -> bool:
        """Whether nothing of the memory of a home is read after this node, or made before and still to be read."""
        root = home.root
        for value, other in self.found.items():
            if other.root is not root or self._apart(home, other):
                continue
            if any(reader > place for reader in self.reads.get(value, ())):
                return False
        return True

    def _apart(self, home: Home, other: Home) -> bool:
        """Whether two homes are parts of one that do not overlap."""
        if home.part is None or other.part is None or home.part[0] is not other.part[0]:
            return False
        return home.part[3] <= other.part[2] or other.part[3] <= home.part[2]

    def _lifetimes(self) -> None:
        made = {value: place for place, node in enumerate(self.nodes) for value in node.outs}
        for home in {id(home): home for home in self.found.values()}.values():
            home.root.start = len(self.nodes)
        for value, home in self.found.items():
            root, place = home.root, made.get(value, 0)
            root.start = min(root.start, place)
            root.end = max(root.end, place, *self.reads.get(value, ()))


def _flat(op: Op, value: Value) -> bool:
    return isinstance(op, Linear) and value.type.rank == 2


def writes_anywhere(op: Op, value: Value) -> bool:
    """Whether a primitive can write a value where its rows do not lie one after the other."""
    return op.elementwise or _flat(op, value)


def buffers(found: Sequence[Home]) -> list[list[Home]]:
    """Homes that can share memory, one after the other: alike, and never in use at one time."""
    groups: list[list[Home]] = []
    for home in sorted(found, key=lambda one: one.start):
        for group in groups:
            if group[-1].end < home.start and group[0].value.type == home.value.type:
                group.append(home)
                break
        else:
            groups.append([home])
    return groups
