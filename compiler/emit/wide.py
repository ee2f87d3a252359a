"""Larger blocks for nodes beside which memory is free: the peak of a plan decides about the arena, and at all other
nodes there is more of it than they need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...runtime.record import Record
from ..graph.code import Names
from ..graph.op import Op, Types
from .plan import Room, round_up
from .write import Body, Written, wider

# How wide blocks may be, the widest first; 0 is a block as every plan has it.
WIDTHS = (2, 1)


class Wide(Record):
    """How wide the blocks of a node are, and the places of its scratch arrays."""

    width: int
    places: tuple[int, ...]


def widen(body: Body, room: Room, top: int) -> dict[int, Wide]:
    """The nodes that may have wide blocks, by number: those that find room for their scratch arrays below `top` in what
    no value takes at that node."""
    known: dict[tuple[Op, Types], list[tuple[int, list[int]]]] = {}
    found = {}
    for number, written in enumerate(body.nodes):
        node = written.node
        if not written.code.scratches:
            continue
        key = node.op, tuple([value.type for value in node.ins])
        if key not in known:
            known[key] = list(_larger(written, body.spelling))
        for width, sizes in known[key]:
            places = _fitted(sizes, _gaps(room, number, top))
            if places is not None:
                found[number] = Wide(width, places)
                break
    return found


def _larger(written: Written, names: Names) -> Iterator[tuple[int, list[int]]]:
    """The widths in which a node takes other scratch arrays, each with their bytes."""
    node = written.node
    plain = [names.bytes(type) for _, type in written.code.scratches]
    for width in WIDTHS:
        sizes = [names.bytes(type) for _, type in wider(node, names, width).scratches]
        if sizes != plain:
            yield width, sizes


def _gaps(room: Room, number: int, top: int) -> list[tuple[int, int]]:
    """The places and sizes of the memory below `top` that is free at a node."""
    gaps, end = [], 0
    for place, bytes in sorted((box.place, box.bytes) for box in room.boxes if box.start <= number <= box.end):
        gaps.append((end, place - end))
        end = max(end, round_up(place + bytes))
    return [*gaps, (end, top - end)]


def _fitted(sizes: Sequence[int], gaps: list[tuple[int, int]]) -> tuple[int, ...] | None:
    """A place for each array, the largest first, in the smallest gap that it fits into; None where one does not."""
    places = [0] * len(sizes)
    for bytes, number in sorted(((bytes, number) for number, bytes in enumerate(sizes)), reverse=True):
        fitting = [(left, place) for place, left in gaps if left >= bytes]
        if not fitting:
            return None
        left, place = min(fitting)
        places[number] = place
        taken = round_up(bytes)
        gaps[gaps.index((place, left))] = (place + taken, left - taken)
    return tuple(places)
