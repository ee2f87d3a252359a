"""Values made again where they are needed instead of kept until then: memory for arithmetic.

The computation is run through, node by node, as far as memory is concerned. When what is held exceeds the limit, the
value goes that costs least to make again for the bytes and the time that it would have stayed; a value that is gone
is made again from its inputs, and those from theirs. What draws random numbers is kept, and so are the loops of cells.

Sources: Chen, Xu, Zhang, Guestrin, "Training Deep Nets with Sublinear Memory Cost", 2016; the choice of what goes is
that of Kirisame et al., "Dynamic Tensor Rematerialization", 2021, with the next use known instead of guessed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ..graph.computation import Computation
from ..graph.dims import Dim
from ..graph.graph import Node, Value
from ..graph.op import Op, Values
from ..graph.tensor import TensorType

# Operations for an element of the result up to which it is made again rather than kept, where its inputs are kept
# anyway: sums, ReLU, the affine part of a normalisation.
CHEAP = 4
# The most numbers that are read for each that is made again: a pool reads several times what it saves.
WIDE = 2
# The most nodes that run to make it again, so that chains of such values do not build up: a normalised sum of two
# branches, one of which is such a sum itself.
NEAR = 8
# The most nodes that are looked at to tell what a value costs; what takes more is dear enough.
FAR = 64


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the pass asks of the plan: the bytes of a type, the scratch bytes of a node, the number of a size."""

    bytes: Callable[[TensorType], int]
    scratch: Callable[[Op, Values, Values], int]
    number: Callable[[Dim], int]


@dataclass(frozen=True, slots=True, eq=False)
class Recomputed:
    """A computation with values made again; `peak` are the bytes that it was held to need at most, `flops` the
    operations that come on top."""

    computation: Computation
    peak: int
    flops: int


def cheaply(found: Computation, sizes: Sizes) -> Recomputed:
    """The computation without what follows by few operations from values that are kept anyway."""
    return _Run(found, sizes, 0, cheap=True).result()


def within(found: Computation, sizes: Sizes, limit: int | None) -> Recomputed:
    """The computation with its values held to about `limit` bytes, as far as that can be; None keeps everything."""
    return _Run(found, sizes, limit, cheap=False).result()


@dataclass(slots=True, eq=False)
class _Group:
    """A value with its aliases: memory that is held or not. `uses` are the places of the nodes that read it; `again` is
    whether it may be made again, `pinned` whether it stays to the end."""

    value: Value
    place: int
    bytes: int
    again: bool
    pinned: bool
    members: list[Value]
    uses: list[int]

    def next(self, place: int) -> int | None:
        """The next use at this place or after it."""
        number = bisect_left(self.uses, place)
        return self.uses[number] if number < len(self.uses) else None


class _Run:
    def __init__(self, found: Computation, sizes: Sizes, limit: int | None, *, cheap: bool) -> None:
        self.found, self.sizes, self.limit, self.cheap = found, sizes, limit, cheap
        self.places = {value: place for place, node in enumerate(found.nodes) for value in node.outs}
        self.groups: dict[Value, _Group] = {}
        self.now: dict[Value, Value] = {}
        self.held: dict[_Group, None] = {}
        self.locked: set[_Group] = set()
        self.used = self.peak = self.flops = 0
        self.nodes: list[Node] = []
        self.again: list[Node] = []
        self.numbers = max((value.number for node in found.nodes for value in node.outs), default=0)
        self._prepare()
        self._go()

    def result(self) -> Recomputed:
        made = replace(self.found, nodes=tuple(self.nodes), forward=self.forward, again=frozenset(self.again))
        return Recomputed(made, self.peak, self.flops)

    def _prepare(self) -> None:
        found = self.found
        wanted = set(found.results())
        placed = {value for _, value in (*found.gradients, *found.updates)}
        leaves = [*(p.value for p in found.parameters), *(s.before for s in found.carried)]
        for value in leaves:
            self._start(_Group(value, -1, 0, False, True, [value], []))
        for port in found.feeds:
            self._start(_Group(port.value, -1, self._bytes(port.value), False, True, [port.value], []))
        for place, node in enumerate(found.nodes):
            for value in node.ins:
                self.groups[value].uses.append(place)
            if self._alias(node):
                group = self.groups[node.ins[0]]
                group.members.append(node.outs[0])
                group.pinned |= node.outs[0] in wanted
                group.again &= not group.pinned
                self.groups[node.outs[0]] = group
                continue
            made = place < found.forward and node.op.again(node.ins, node.outs) is not None
            for number, value in enumerate(node.outs):
                kept = value in wanted or (place < found.forward and not (made and number == 0))
                bytes = 0 if value in placed else self._bytes(value)
                self.groups[value] = _Group(value, place, bytes, made and not kept, kept, [value], [])

    def _start(self, group: _Group) -> None:
        self.groups[group.value] = group
        self.now[group.value] = group.value
        self._hold(group)

    def _hold(self, group: _Group) -> None:
        if group not in self.held:
            self.held[group] = None
            self.used += group.bytes

    def _drop(self, group: _Group) -> None:
        del self.held[group]
        self.used -= group.bytes
        for value in group.members:
            self.now.pop(value, None)

    def _bytes(self, value: Value) -> int:
        return self.sizes.bytes(value.type)

    def _alias(self, node: Node) -> bool:
        return node.op.alias(tuple([v.type for v in node.ins]), tuple([v.type for v in node.outs]))

    def _go(self) -> None:
        self.forward = 0
        for place, node in enumerate(self.found.nodes):
            self._want(node.ins, place)
            self._run(node.op, node.ins, node, place, first=True)
            if place < self.found.forward:
                self.forward = len(self.nodes)
            self.locked = set()
            touched = dict.fromkeys([self.groups[value] for value in (*node.ins, *node.outs)])
            self._release(touched, place + 1)
            if self.cheap and place < self.found.forward:
                self._drop_cheap(touched, place + 1)

    def _want(self, values: Values, place: int) -> None:
        """Make those of these values again that are gone, with all that they need."""
        missing = self._missing(values)
        readers: dict[_Group, int] = {self.groups[value]: len(missing) for value in values}
        for number, (_, ins, node) in enumerate(missing):
            for value in (*ins, node.outs[0]):
                group = self.groups[value]
                readers[group] = max(readers.get(group, 0), number)
        self.locked = set(readers)
        for number, (op, ins, node) in enumerate(missing):
            self._run(op, ins, node, place, first=False)
            done = [group for group, last in readers.items() if last <= number and group in self.locked]
            self.locked.difference_update(done)
            self._release(done, place)
            if self.cheap:
                self._drop_cheap(done, place)

    def _missing(self, values: Iterable[Value]) -> list[tuple[Op, Values, Node]]:
        """What has to run to have these values, in the order in which it ran first."""
        found: dict[int, tuple[Op, Values, Node]] = {}
        todo = [value for value in values if value not in self.now]
        while todo:
            value = todo.pop()
            place = self.places[value]
            if place in found:
                continue
            node = self.found.nodes[place]
            how = node.op.again(node.ins, node.outs)
            assert how is not None
            found[place] = (*how, node)
            todo += [given for given in how[1] if given not in self.now]
        return [found[place] for place in sorted(found)]

    def _run(self, op: Op, ins: Values, node: Node, place: int, *, first: bool) -> None:
        """Add a node that makes the outputs of `node`: all of them the first time, the first one when made again."""
        outs = node.outs if first else node.outs[:1]
        alias = self._alias(node)
        groups = [self.groups[value] for value in outs]
        if not alias:
            need = sum(group.bytes for group in groups) + self.sizes.scratch(op, ins, outs)
            need -= self._in_place(op, ins, groups[0], place if not first else place + 1) if groups else 0
            self._make_room(need, place, {self.groups[value] for value in ins})
        given = tuple([self.now[value] for value in ins])
        made = node
        if not first or given != node.ins:
            made = Node(op, given, outs if first else tuple([self._fresh(value) for value in outs]), node.use)
        self.nodes.append(made)
        self.now.update(zip(outs, made.outs, strict=True))
        if not first:
            self.again.append(made)
            self.flops += self._cost(op, ins, outs)
        if not alias:
            for group in groups:
                self._hold(group)
            self.peak = max(self.peak, self.used + self.sizes.scratch(op, ins, outs))

    def _fresh(self, value: Value) -> Value:
        self.numbers += 1
        return Value(value.type, self.numbers)

    def _in_place(self, op: Op, ins: Values, out: _Group, after: int) -> int:
        """The bytes of the output that take the place of an input that nothing reads any more."""
        for operand in op.inplace:
            if operand < len(ins) and ins[operand].type == out.value.type:
                group = self.groups[ins[operand]]
                if not group.pinned and group.next(after) is None:
                    return out.bytes
        return 0

    def _release(self, groups: Iterable[_Group], place: int) -> None:
        """Let go of what nothing needs any more at this place and later."""
        for group in groups:
            if group in self.held and not group.pinned and group not in self.locked and group.next(place) is None:
                self._drop(group)

    def _make_room(self, need: int, place: int, keep: set[_Group]) -> None:
        if self.limit is None or self.cheap:
            return
        while self.used + need > self.limit:
            best, price = None, 0.0
            for group in self.held:
                use = group.next(place + 1)
                if not group.again or not group.bytes or use is None or group in keep or group in self.locked:
                    continue
                if group.next(place) == place:
                    continue
                cost = self._price(group) / (group.bytes * (use - place))
                if best is None or cost < price:
                    best, price = group, cost
            if best is None:
                return
            self._drop(best)

    def _price(self, group: _Group) -> int:
        """What it costs to make a value again when it and what is gone are gone."""
        kept = self.now.pop(group.value)
        total, seen, todo = 0, set[int](), [group.value]
        while todo and len(seen) < FAR:
            value = todo.pop()
            if value in self.now or self.places[value] in seen:
                continue
            place = self.places[value]
            seen.add(place)
            node = self.found.nodes[place]
            how = node.op.again(node.ins, node.outs)
            assert how is not None
            op, ins = how
            total += self._cost(op, ins, node.outs[:1]) + self.sizes.number(value.type.elements)
            todo += ins
        self.now[group.value] = kept
        return total

    def _cost(self, op: Op, ins: Values, outs: Values) -> int:
        flops = op.flops(tuple([value.type for value in ins]), tuple([value.type for value in outs]))
        return self.sizes.number(flops.value)

    def _drop_cheap(self, groups: Iterable[_Group], place: int) -> None:
        """Drop those of these values that the backward pass can make again cheaply from what it has anyway."""
        for group in groups:
            use = group.next(place)
            later = use is not None and use >= self.found.forward and use > place
            if later and group in self.held and group.again and self._is_cheap(group):
                self._drop(group)

    def _is_cheap(self, group: _Group) -> bool:
        del self.now[group.value]
        missing = self._missing([group.value])
        self.now[group.value] = group.value
        if len(missing) > NEAR:
            return False
        made = {self.groups[node.outs[0]] for _, _, node in missing}
        for op, ins, node in missing:
            elements = self.sizes.number(node.outs[0].type.elements)
            if self._cost(op, ins, node.outs[:1]) > CHEAP * elements:
                return False
            if max(self.sizes.number(value.type.elements) for value in ins) > WIDE * elements:
                return False
            for value in ins:
                source = self.groups[value]
                if source not in made and not source.pinned and source.uses[-1] < group.uses[-1]:
                    return False
        return True
