"""The memory plan: a place in one arena for everything that a program keeps.

The arena starts with the gradients of the parameters. After them come the activations of a step (or of a prediction,
which uses the same room) with the scratch memory of single nodes, then the states of cells that stay between steps,
the parameters, the optimizer's slots, the buffers. Gradients, parameters and slots are each one contiguous block in
the order of the checkpoint. Until a gradient is made its place is as free as any other.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import accumulate

from ...runtime.record import Record
from ..graph.code import Code, Names
from ..graph.graph import Value
from .lifetimes import Box, Piece, pieces, planned
from .write import Body

# Every value and scratch array starts at a multiple of a cache line.
LINE = 64
# The most boxes that are placed in several orders, which takes the square of their number; and the multiple of the
# least that there can be which is near enough.
FEW, CLOSE = 1500, 1.01
# The nodes of a stretch of time, by which boxes that may be in use at the same time are found.
STRETCH = 32


class Room(Record, eq=False):
    """The places of a body's values, which are those of their `homes`, and of the scratch arrays of its nodes, in bytes
    from the start of the arena.

    `activations` is what the values take at most at a time, beyond the gradients; `workspace` what scratch memory, and
    gaps that nothing fits into, add to it. `boxes` are the values and the gradients where they lie.
    """

    homes: Mapping[Value, Piece]
    activations: int
    scratch: tuple[tuple[int, ...], ...]
    workspace: int
    boxes: Sequence[Box]


def place(body: Body, names: Names, gradients: Mapping[int, int] | None = None) -> Room:
    """Find a place for every value of a body at the planned sizes.

    `gradients` has the place of each gradient in their block by the number of the parameter, which lies at the start
    of the arena.
    """
    homes = pieces(body)
    boxes = planned(homes)
    for piece in boxes:
        piece.bytes = round_up(max([names.bytes(value.type) for value in piece.values]))
    works = {code: scratch(code) for code in {written.code for written in body.nodes}}
    rooms = {n: Box(n, n, works[written.code][1]) for n, written in enumerate(body.nodes) if works[written.code][1]}
    block = _block(body, homes, gradients or {}, names)
    base = round_up(max((box.place + box.bytes for box in block), default=0))
    top = arrange([*boxes, *rooms.values()], block, base)
    values = min(least(boxes, block, base), top)
    found = [works[written.code][0] for written in body.nodes]
    for number, room in rooms.items():
        found[number] = tuple([room.place + place for place in found[number]])
    return Room(homes, values - base, tuple(found), top - values, (*boxes, *block))


def _block(body: Body, homes: Mapping[Value, Piece], gradients: Mapping[int, int], names: Names) -> list[Box]:
    """The gradients where they lie, each from when it is made; one that is never made, or is copied at the end, keeps
    its place. Neighbours that are made together are one box."""
    made = {piece.fixed[1]: piece for piece in homes.values() if piece.fixed and piece.fixed[0] == "gradient"}
    copied = {body.numbers[parameter.value] for parameter, _ in body.computation.gradients}
    boxes: list[Box] = []
    for number, given in gradients.items():
        start = made[number].start if number in made else len(body.nodes) if number in copied else -1
        bytes = names.bytes(body.computation.parameters[number].value.type)
        if boxes and boxes[-1].start == start:
            boxes[-1].bytes += bytes
        else:
            boxes.append(Box(start, len(body.nodes), bytes, given))
    return boxes


def least(boxes: Iterable[Box], block: Iterable[Box], base: int) -> int:
    """No arrangement ends below this: the most that is in use at a time, or the block."""
    changes: defaultdict[int, int] = defaultdict(int)
    for box in (*boxes, *block):
        changes[box.start] += box.bytes
        changes[box.end + 1] -= box.bytes
    return max(base, *accumulate([changes[node] for node in sorted(changes)], initial=0))


# Orders in which boxes are placed, none of which is the best for every network.
ORDERS: tuple[Callable[[Box], tuple[int, int]], ...] = (
    lambda box: (-box.bytes, -box.end),
    lambda box: (box.start - box.end, -box.bytes),
    lambda box: ((box.start - box.end - 1) * box.bytes, box.start),
)


def arrange(boxes: Sequence[Box], block: Sequence[Box], base: int) -> int:
    """Give every box a place, and return where the last one ends; `block` has places already, below `base`."""
    best = _in_order(boxes, block, base)
    if len(boxes) > FEW:
        return best
    enough = CLOSE * least(boxes, block, base)
    for order in ORDERS:
        if best <= enough:
            break
        before = [box.place for box in boxes]
        top = _lowest(sorted(boxes, key=order), block, base)
        if top < best:
            best = top
            continue
        for box, given in zip(boxes, before, strict=True):
            box.place = given
    return best


def _in_order(boxes: Sequence[Box], block: Sequence[Box], base: int) -> int:
    """As they start, each in the smallest gap that is free and large enough."""
    free = _Free(base)
    # A box may lie below the first gradient that is made before it ends.
    starts, limits, limit = [], [], base
    for box in sorted(block, key=lambda box: box.start):
        limit = min(limit, box.place)
        starts.append(box.start)
        limits.append(limit)
    live: list[tuple[int, int, int]] = []
    for box in sorted(boxes, key=lambda box: box.start):
        while live and live[0][0] < box.start:
            _, given, bytes = heappop(live)
            free.give(given, bytes)
        made = bisect_right(starts, box.end)
        box.place = free.take(box.bytes, limits[made - 1] if made else None)
        heappush(live, (box.end, box.place, box.bytes))
    return free.top


def _lowest(boxes: Sequence[Box], block: Sequence[Box], base: int) -> int:
    """One after the other, each at the lowest place that those in use at the same time leave.

    Source: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020.
    """
    done = _Placed(block)
    for box in boxes:
        place, bytes, start, end = 0, box.bytes, box.start, box.end
        for first, after, since, until in done.near(box):
            if since <= end and start <= until:
                if first - place >= bytes:
                    break
                if after > place:
                    place = after
        box.place = place
        done.add(box)
    return max([base, *(box.place + box.bytes for box in boxes)])


class _Placed:
    """Boxes that have a place, in order of it: where it begins and where the next may, and from when to when. All of
    them, and for boxes that are not in use for long those of each stretch of time with the next one."""

    def __init__(self, block: Iterable[Box]) -> None:
        self._all: list[tuple[int, int, int, int]] = []
        self._near: defaultdict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
        for box in block:
            self.add(box)

    def add(self, box: Box) -> None:
        placed = box.place, round_up(box.place + box.bytes), box.start, box.end
        insort(self._all, placed)
        for number in range(box.start // STRETCH - 1, box.end // STRETCH + 1):
            insort(self._near[number], placed)

    def near(self, box: Box) -> Sequence[tuple[int, int, int, int]]:
        """All that are in use at the same time, and some others."""
        return self._all if box.end - box.start > STRETCH else self._near[box.start // STRETCH]


def round_up(bytes: int) -> int:
    return -(-bytes // LINE) * LINE


def scratch(code: Code) -> tuple[tuple[int, ...], int]:
    """The places of a node's scratch arrays from where they start, and their bytes together."""
    places, top = [], 0
    for _, type in code.scratches:
        places.append(top)
        top += round_up(code.names.bytes(type))
    return tuple(places), top


class _Free:
    """The free gaps below `top`, in order of their place; what is asked for goes to the smallest that fits.

    Below `base` is the block of gradients, all of it free at first.
    """

    def __init__(self, base: int) -> None:
        self.base = self.top = base
        self._gaps: list[tuple[int, int]] = [(0, base)] if base else []

    def take(self, size: int, limit: int | None) -> int:
        """A place; in the block only below `limit`, None being its end."""
        fitting = []
        for number, (place, gap) in enumerate(self._gaps):
            if gap < size:
                continue
            if limit is None or place >= self.base:
                fitting.append((gap, place, number))
                continue
            below, above = min(place + gap, limit) - place, place + gap - self.base
            if below >= size:
                fitting.append((below, place, number))
            if above >= size:
                fitting.append((above, self.base, number))
        if fitting:
            _, place, number = min(fitting)
            start, gap = self._gaps[number]
            rest = [(start, place - start), (place + size, start + gap - place - size)]
            self._gaps[number : number + 1] = [(at, left) for at, left in rest if left]
            return place
        # A last gap that ends at the top is grown.
        place = self.top
        if self._gaps and sum(self._gaps[-1]) == self.top:
            start, _ = self._gaps.pop()
            place = start if limit is None else max(start, self.base)
            if place > start:
                self._gaps.append((start, place - start))
        self.top = place + size
        return place

    def give(self, place: int, size: int) -> None:
        if size == 0:
            return
        number = bisect_left(self._gaps, (place, 0))
        if number < len(self._gaps) and place + size == self._gaps[number][0]:
            size += self._gaps.pop(number)[1]
        if number > 0 and sum(self._gaps[number - 1]) == place:
            number -= 1
            before, gap = self._gaps.pop(number)
            place, size = before, size + gap
        self._gaps.insert(number, (place, size))
