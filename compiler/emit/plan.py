"""The memory plan: a place in one arena for everything that a program keeps.

The arena holds, one after the other: the activations of a step (or of a prediction, which uses the same room), the
scratch memory of single nodes, the parameters, their gradients, the optimizer's slots, the buffers. The last four are
each one contiguous block in the order of the checkpoint.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from ..graph.code import Names
from ..graph.graph import Value
from ..graph.tensor import TensorType
from .lifetimes import Fixed, pieces, planned
from .write import Body

# Every value and scratch array starts at a multiple of a cache line.
LINE = 64


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Room:
    """The places of a body's values, in bytes from the start of the arena; `scratch` counts from its own start."""

    offsets: Mapping[Value, int]
    fixed: Mapping[Value, Fixed]
    activations: int
    scratch: tuple[tuple[int, ...], ...]
    workspace: int


def place(body: Body, names: Names) -> Room:
    """Find a place for every value of a body at the planned sizes.

    `fixed` maps values to the parameter, buffer or gradient in whose place they are.
    """
    homes = pieces(body)
    offsets: dict[int, int] = {}
    live: list[tuple[int, int, int]] = []
    free = _Free()
    for piece in planned(homes):
        while live and live[0][0] < piece.start:
            _, given, bytes = heappop(live)
            free.give(given, bytes)
        bytes = _bytes(piece.values, names)
        offsets[id(piece)] = free.take(bytes)
        heappush(live, (piece.end, offsets[id(piece)], bytes))
    scratch = [_scratch([type for _, type in written.code.scratches], names) for written in body.nodes]
    return Room(
        {value: offsets[id(piece)] for value, piece in homes.items() if piece.fixed is None},
        {value: piece.fixed for value, piece in homes.items() if piece.fixed is not None},
        free.top,
        tuple(places for places, _ in scratch),
        max((size for _, size in scratch), default=0),
    )


def size(type: TensorType, names: Names) -> int:
    """The bytes of a value at the planned sizes."""
    found = names.bytes.get(type)
    if found is None:
        found = names.bytes[type] = names.number(type.bytes)
    return found


def round_up(bytes: int) -> int:
    return -(-bytes // LINE) * LINE


def _bytes(values: Iterable[Value], names: Names) -> int:
    return round_up(max(size(value.type, names) for value in values))


def _scratch(types: Sequence[TensorType], names: Names) -> tuple[tuple[int, ...], int]:
    places, top = [], 0
    for type in types:
        places.append(top)
        top += round_up(size(type, names))
    return tuple(places), top


class _Free:
    """The free gaps below `top`, in order of their place; what is asked for goes to the smallest that fits."""

    def __init__(self) -> None:
        self.top = 0
        self._gaps: list[tuple[int, int]] = []

    def take(self, size: int) -> int:
        fitting = [(gap, place, number) for number, (place, gap) in enumerate(self._gaps) if gap >= size]
        if fitting:
            gap, place, number = min(fitting)
            self._gaps[number : number + 1] = [(place + size, gap - size)] if gap > size else []
            return place
        # A last gap that ends at the top is grown.
        place = self.top
        if self._gaps and sum(self._gaps[-1]) == self.top:
            place, _ = self._gaps.pop()
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
