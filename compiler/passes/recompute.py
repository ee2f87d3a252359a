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

from ...runtime.record import Record, fresh, replace
from ..graph.computation import Computation
from ..graph.dims import Dim
from ..graph.graph import Node, Value
from ..graph.op import Op, Types, Values
from ..graph.tensor import ITEM_BYTES, TensorType

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


class Sizes(Record):
    """What the pass asks of the plan: the bytes of a type, the scratch bytes of a node, the number of a size."""

    bytes: Callable[[TensorType], int]
    scratch: Callable[[Op, Values, Values], int]
    number: Callable[[Dim], int]


class Recomputed(Record, eq=False):
    """A computation with values made again; `flops` are the operations that come on top."""

    computation: Computation
    flops: int


def cheaply(found: Computation, sizes: Sizes) -> Recomputed:
    """The computation without what follows by few operations from values that are kept anyway."""
    return _Cheaply(found, sizes).run()


def within(found: Computation, sizes: Sizes, limit: int) -> Recomputed:
    """The computation with its values held to about `limit` bytes, as far as that can be."""
    return _Within(found, sizes, limit).run()


def most_held(found: Computation, sizes: Sizes) -> int:
    """The bytes that the values of a computation take at most where everything is kept."""
    kept = _Within(found, sizes, None)
    kept.run()
    return kept.peak


class _Group(Record, eq=False, frozen=False):
    """A value with its aliases, or all that is there from the start: memory that is held or not. `uses` are the places
    of the nodes that read it, `last` is the last of them; `again` is whether it may be made again, `pinned` whether it
    stays to the end."""

    members: list[Value]
    again: bool
    pinned: bool
    uses: list[int] = fresh(factory=list)
    last: int = -1

    def next(self, place: int) -> int | None:
        """The next use at this place or after it."""
        return self.uses[bisect_left(self.uses, place)] if place <= self.last else None


class _Run:
    """A computation run through; what is `gone` when a node reads it is made again.

    `now` has what values are by now that were made again. The groups in `locked` are about to be read.
    """

    def __init__(self, found: Computation, sizes: Sizes) -> None:
        self.found, self.sizes = found, sizes
        self.places = {value: place for place, node in enumerate(found.nodes) for value in node.outs}
        leaves = [*(port.value for port in found.feeds), *(state.before for state in found.carried)]
        self.leaves = _Group([*leaves, *(parameter.value for parameter in found.parameters)], False, True)
        self.groups: dict[Value, _Group] = {}
        self.aliases: set[Node] = set()
        self.gone: set[Value] = set()
        self.now: dict[Value, Value] = {}
        self.locked: set[_Group] = set()
        self._costs: dict[tuple[Op, Types], int] = {}
        self.flops = 0
        self.nodes: list[Node] = []
        self.again: list[Node] = []
        self.numbers = max((value.number for value in self.places), default=0)
        self._group()

    def _group(self) -> None:
        found, groups = self.found, self.groups
        wanted = set(found.results())
        groups.update(dict.fromkeys(self.leaves.members, self.leaves))
        for place, node in enumerate(found.nodes):
            for value in node.ins:
                group = groups[value]
                group.uses.append(place)
                group.last = place
            if node.op.alias(tuple([v.type for v in node.ins]), tuple([v.type for v in node.outs])):
                self.aliases.add(node)
                group = groups[node.outs[0]] = groups[node.ins[0]]
                group.members.append(node.outs[0])
                group.pinned |= node.outs[0] in wanted
                group.again &= not group.pinned
                continue
            forward = place < found.forward
            made = forward and node.op.again(node.ins, node.outs) is not None
            for number, value in enumerate(node.outs):
                kept = value in wanted or (forward and not (made and number == 0))
                groups[value] = _Group([value], made and not kept, kept)

    def run(self) -> Recomputed:
        forward, groups = 0, self.groups
        for place, node in enumerate(self.found.nodes):
            if not self.gone.isdisjoint(node.ins):
                self._restore(node.ins, place)
            self._make(node.op, node.ins, node, place, first=True)
            touched = dict.fromkeys([groups[value] for value in (*node.ins, *node.outs)])
            self._release(touched, place + 1)
            if place < self.found.forward:
                forward = len(self.nodes)
                self._spare(touched, place + 1)
        made = replace(self.found, nodes=tuple(self.nodes), forward=forward, again=frozenset(self.again))
        return Recomputed(made, self.flops)

    def _restore(self, values: Values, place: int) -> None:
        """Make those of these values again that are gone, with all that they need."""
        missing = self._missing(values)
        readers: dict[_Group, int] = {self.groups[value]: len(missing) for value in values}
        for number, (_, ins, node) in enumerate(missing):
            for value in (*ins, node.outs[0]):
                group = self.groups[value]
                readers[group] = max(readers.get(group, 0), number)
        self.locked = set(readers)
        for number, (op, ins, node) in enumerate(missing):
            self._make(op, ins, node, place, first=False)
            done = [group for group, last in readers.items() if last <= number and group in self.locked]
            self.locked.difference_update(done)
            self._release(done, place)
            self._spare(done, place)
        self.locked.clear()

    def _missing(self, values: Iterable[Value]) -> list[tuple[Op, Values, Node]]:
        """What has to run to have these values, in the order in which it ran first."""
        found: dict[int, tuple[Op, Values, Node]] = {}
        todo = [value for value in values if value in self.gone]
        while todo:
            place = self.places[todo.pop()]
            if place not in found:
                op, ins = self._how(place)
                found[place] = op, ins, self.found.nodes[place]
                todo += [given for given in ins if given in self.gone]
        return [found[place] for place in sorted(found)]

    def _how(self, place: int) -> tuple[Op, Values]:
        """What makes the first output of the node at this place again."""
        node = self.found.nodes[place]
        how = node.op.again(node.ins, node.outs)
        assert how is not None
        return how

    def _make(self, op: Op, ins: Values, node: Node, place: int, *, first: bool) -> None:
        """Add a node that makes the outputs of `node`: all of them the first time, the first one when made again."""
        given = tuple([self.now.get(value, value) for value in ins])
        if first:
            self.nodes.append(node if given == ins else Node(op, given, node.outs, node.use))
            self.gone.difference_update(node.outs)
            return
        value = node.outs[0]
        fresh = self.now[value] = self._fresh(value)
        self.gone.discard(value)
        self.again.append(Node(op, given, (fresh,), node.use))
        self.nodes.append(self.again[-1])
        self.flops += self._cost(op, ins, node.outs[:1])

    def _fresh(self, value: Value) -> Value:
        self.numbers += 1
        return Value(value.type, self.numbers)

    def _release(self, groups: Iterable[_Group], place: int) -> None:
        """Let go of what nothing needs any more at this place and later."""
        for group in groups:
            read = group.last >= place or group in self.locked
            if not read and not group.pinned and group.members[0] not in self.gone:
                self._drop(group)

    def _spare(self, groups: Iterable[_Group], place: int) -> None:
        """Let go of those of these values that are better made again than kept after this place."""

    def _drop(self, group: _Group) -> None:
        self.gone.update(group.members)

    def _elements(self, value: Value) -> int:
        return self.sizes.bytes(value.type) // ITEM_BYTES[value.type.dtype]

    def _cost(self, op: Op, ins: Values, outs: Values) -> int:
        types = tuple([value.type for value in ins])
        found = self._costs.get((op, types))
        if found is None:
            flops = op.flops(types, tuple([value.type for value in outs]))
            found = self._costs[op, types] = self.sizes.number(flops.value)
        return found


class _Cheaply(_Run):
    """What the backward pass makes again cheaply, from what it has anyway, is let go in the forward pass."""

    def __init__(self, found: Computation, sizes: Sizes) -> None:
        super().__init__(found, sizes)
        self._light: dict[tuple[Op, Types], bool] = {}

    def _spare(self, groups: Iterable[_Group], place: int) -> None:
        forward = self.found.forward
        for group in groups:
            if group.again and group.last >= forward and group.members[0] not in self.gone:
                use = group.next(place)
                if use is not None and use >= forward and use > place and self._is_cheap(group):
                    self._drop(group)

    def _is_cheap(self, group: _Group) -> bool:
        """Whether a few light operations make a value from what is held for as long as it would be."""
        made, read, todo = set[int](), list[Value](), [group.members[0]]
        while todo:
            place = self.places[todo.pop()]
            if place in made:
                continue
            made.add(place)
            op, ins = self._how(place)
            if len(made) > NEAR or not self._is_light(op, ins, self.found.nodes[place].outs[:1]):
                return False
            read += ins
            todo += [value for value in ins if value in self.gone]
        own = {self.groups[self.found.nodes[place].outs[0]] for place in made}
        sources = [self.groups[value] for value in read]
        return all(source in own or source.pinned or source.last >= group.last for source in sources)

    def _is_light(self, op: Op, ins: Values, outs: Values) -> bool:
        key = op, tuple([value.type for value in ins])
        found = self._light.get(key)
        if found is None:
            elements, read = self._elements(outs[0]), max(map(self._elements, ins), default=0)
            cost = self._cost(op, ins, outs)
            found = self._light[key] = cost <= CHEAP * elements and read <= WIDE * elements
        return found


class _Within(_Run):
    """When what is held exceeds the limit, the value goes that costs least for the bytes and the time."""

    def __init__(self, found: Computation, sizes: Sizes, limit: int | None) -> None:
        super().__init__(found, sizes)
        self.limit = limit
        self.held: dict[_Group, None] = {}
        self.used = self.peak = 0
        elsewhere = {value for _, value in (*found.gradients, *found.updates)}
        self.bytes = {self.leaves: sum(sizes.bytes(port.value.type) for port in found.feeds)}
        for value, group in self.groups.items():
            self.bytes.setdefault(group, 0 if value in elsewhere else sizes.bytes(value.type))
        self._hold([self.leaves])

    def _hold(self, groups: Iterable[_Group]) -> None:
        for group in groups:
            if group not in self.held:
                self.held[group] = None
                self.used += self.bytes[group]

    def _drop(self, group: _Group) -> None:
        super()._drop(group)
        del self.held[group]
        self.used -= self.bytes[group]

    def _make(self, op: Op, ins: Values, node: Node, place: int, *, first: bool) -> None:
        if node in self.aliases:
            super()._make(op, ins, node, place, first=first)
            return
        outs = node.outs if first else node.outs[:1]
        groups, scratch = [self.groups[value] for value in outs], self.sizes.scratch(op, ins, outs)
        need = sum(self.bytes[group] for group in groups) + scratch
        need -= self._in_place(op, ins, groups[0], place if not first else place + 1) if groups else 0
        self._make_room(need, place, {self.groups[value] for value in ins})
        super()._make(op, ins, node, place, first=first)
        self._hold(groups)
        self.peak = max(self.peak, self.used + scratch)

    def _in_place(self, op: Op, ins: Values, out: _Group, after: int) -> int:
        """The bytes of the output that take the place of an input that nothing reads any more."""
        for operand in op.inplace:
            if operand < len(ins) and ins[operand].type == out.members[0].type:
                group = self.groups[ins[operand]]
                if not group.pinned and group.last < after:
                    return self.bytes[out]
        return 0

    def _make_room(self, need: int, place: int, keep: set[_Group]) -> None:
        while self.limit is not None and self.used + need > self.limit:
            best, price = None, 0.0
            for group in self.held:
                use = group.next(place + 1)
                if not group.again or not self.bytes[group] or use is None or group in keep or group in self.locked:
                    continue
                if group.next(place) == place:
                    continue
                cost = self._price(group) / (self.bytes[group] * (use - place))
                if best is None or cost < price:
                    best, price = group, cost
            if best is None:
                return
            self._drop(best)

    def _price(self, group: _Group) -> int:
        """What it costs to make a value again when it and what is gone are gone."""
        total, seen, todo = 0, set[int](), [group.members[0]]
        while todo and len(seen) < FAR:
            value = todo.pop()
            place = self.places[value]
            if place in seen:
                continue
            seen.add(place)
            op, ins = self._how(place)
            total += self._cost(op, ins, self.found.nodes[place].outs[:1]) + self._elements(value)
            todo += [given for given in ins if given in self.gone]
        return total
