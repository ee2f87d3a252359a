"""Which values share memory, and from when to when each piece of memory is in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ...runtime.record import Record, fresh
from ..graph.graph import Value
from .write import Body, Written

# Memory outside of the plan: of the parameter of this number, of its gradient, or of a carried state.
Fixed = tuple[Literal["parameter", "gradient", "carried"], int]


class Box(Record, eq=False, frozen=False):
    """`bytes` of memory in use from node `start` to node `end`; `place` is where, once that is known."""

    start: int
    end: int
    bytes: int = 0
    place: int = -1


class Piece(Box, eq=False, frozen=False):
    """Memory that one value after the other lives in: written first by node `start`, last needed by node `end`.

    A fed array starts at −1; what is wanted after the last node ends past it. `fixed` is memory of its own outside of
    the plan: a parameter, a buffer, or the place of a parameter's gradient.
    """

    values: list[Value] = fresh(factory=list)
    fixed: Fixed | None = None


def pieces(body: Body) -> dict[Value, Piece]:
    """The piece of memory of every value.

    An alias has its input's. An output takes the memory of an input that its primitive allows in place and nothing
    reads afterwards. A gradient or a buffer's new value is written to its fixed place when a node makes it there.
    """
    found, last = body.computation, len(body.nodes)
    homes: dict[Value, Piece] = {}
    reads = {value: place for place, written in enumerate(body.nodes) for value in written.node.ins}
    fixed = _fixed_places(body, reads)
    ends = _needed_last(body, reads)
    for number, parameter in enumerate(found.parameters):
        homes[parameter.value] = Piece(-1, last, values=[parameter.value], fixed=("parameter", number))
    for number, state in enumerate(found.carried):
        homes[state.before] = Piece(-1, last, values=[state.before], fixed=("carried", number))
    for port in found.feeds:
        homes[port.value] = Piece(-1, ends.get(port.value, -1), values=[port.value])
    for place, written in enumerate(body.nodes):
        for number, value in enumerate(written.node.outs):
            end, home = ends.get(value, place), None
            if written.alias:
                home = homes[written.node.ins[0]]
            elif value not in fixed:
                home = _in_place(written, number, place, homes)
            if home is None:
                homes[value] = Piece(place, end, values=[value], fixed=fixed.get(value))
            else:
                home.values.append(value)
                home.end = max(home.end, end)
                homes[value] = home
    return homes


def _needed_last(body: Body, reads: Mapping[Value, int]) -> dict[Value, int]:
    """The last node that needs each value, which has the last `reads`, through its aliases too; results are needed past
    the last node."""
    ends = {**reads, **dict.fromkeys(body.computation.results(), len(body.nodes))}
    for written in reversed(body.nodes):
        if written.alias:
            source, made = written.node.ins[0], written.node.outs[0]
            ends[source] = max(ends[source], ends.get(made, -1))
    return ends


def _fixed_places(body: Body, reads: Mapping[Value, int]) -> dict[Value, Fixed]:
    """The places of the gradients and of the new values of buffers that their node can write there.

    A buffer's new value takes its place only when that node is the last to read the old one and allows it in place.
    """
    found = body.computation
    fixed: dict[Value, Fixed] = {}
    if not found.gradients and not found.updates:
        return fixed
    makers = {value: (place, written) for place, written in enumerate(body.nodes) for value in written.node.outs}
    for parameter, value in found.gradients:
        if value in makers and not makers[value][1].alias and value not in fixed:
            fixed[value] = ("gradient", body.numbers[parameter.value])
    for parameter, value in found.updates:
        if value not in makers or value in fixed:
            continue
        place, written = makers[value]
        operands = [n for n, given in enumerate(written.node.ins) if given is parameter.value]
        inside = all(n in written.node.op.inplace for n in operands) and written.node.outs[0] is value
        if inside and not written.alias and reads.get(parameter.value, place) == place:
            fixed[value] = ("parameter", body.numbers[parameter.value])
    return fixed


def _in_place(written: Written, number: int, place: int, homes: Mapping[Value, Piece]) -> Piece | None:
    node, allowed = written.node, written.node.op.takes(number)
    for operand in allowed:
        if operand >= len(node.ins):
            continue
        home = homes[node.ins[operand]]
        free = home.fixed is None and home.end <= place and node.ins[operand].type == node.outs[number].type
        if free and all(n in allowed for n, given in enumerate(node.ins) if homes[given] is home):
            return home
    return None


def planned(homes: Mapping[Value, Piece]) -> list[Piece]:
    """The pieces that the plan has to find a place for, each once, in the order in which they start."""
    seen = dict.fromkeys([piece for piece in homes.values() if piece.fixed is None])
    return sorted(seen, key=lambda piece: piece.start)
