"""The arena of a whole program: the rooms of its bodies, then the blocks of parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

from ...runtime.program import Memory
from ...runtime.record import Record
from ..graph.code import Names
from ..graph.graph import Parameter
from .plan import Room, round_up


class Arena(Record, eq=False):
    """Where everything starts, in bytes: `parameters` and `gradients` by number of the parameter (a buffer has a place
    among the parameters, and no gradient), `slots` the optimizer's blocks, `carried` the states of cells that stay
    between steps, which count as activations; `first` where the block of parameters starts. `scratch` is how much of
    the room of the activations an update takes.

    `activations`, `workspace`, `parameter_bytes` and so on are the sizes of the parts; their sum is `total`.
    """

    activations: int
    workspace: int
    first: int
    parameter_bytes: int
    gradient_bytes: int
    slot_bytes: int
    buffer_bytes: int
    parameters: tuple[int, ...]
    gradients: tuple[int | None, ...]
    slots: tuple[int, ...]
    carried: tuple[int, ...] = ()
    scratch: int = 0

    @property
    def total(self) -> int:
        return self.memory().total

    def memory(self) -> Memory:
        """The bytes by what they hold."""
        return Memory(
            self.parameter_bytes,
            self.buffer_bytes,
            self.gradient_bytes,
            self.slot_bytes,
            self.activations,
            self.workspace,
        )


def gradient_places(parameters: Iterable[Parameter], names: Names) -> dict[int, int]:
    """The place of the gradient of each trained parameter, by its number, from the start of the arena."""
    places: dict[int, int] = {}
    place = 0
    for number, parameter in enumerate(parameters):
        if parameter.trainable:
            places[number] = place
            place += names.bytes(parameter.value.type)
    return places


def arena(
    rooms: Sequence[Room],
    parameters: Iterable[Parameter],
    names: Names,
    *,
    trained: bool,
    slots: int,
    scratch: int,
    carried: Sequence[int] = (),
) -> Arena:
    """The arena of these rooms, which share one region, and `slots` optimizer slots for each trained parameter.

    `scratch` is what updating the parameters needs, which lies where the activations were, `carried` the sizes of
    carried states, in bytes.
    """
    parameters = tuple(parameters)
    sizes = [names.bytes(parameter.value.type) for parameter in parameters]
    weights = sum(bytes for parameter, bytes in zip(parameters, sizes, strict=True) if parameter.trainable)
    buffers = sum(sizes) - weights
    gradients = weights if trained else 0
    # The gradients lie at the start, and what follows them at the next cache line.
    base = round_up(gradients)
    shared = max(room.activations for room in rooms)
    top = max(*(room.activations + room.workspace for room in rooms), round_up(scratch))
    ends = list(accumulate(map(round_up, carried), initial=base + top))
    first = ends[-1]
    activations = shared + first - (base + top) + base - gradients
    slot_places = tuple(first + weights * (1 + number) for number in range(slots))
    buffer_place = first + (1 + slots) * weights
    places: list[int] = []
    made = gradient_places(parameters, names) if trained else {}
    place = first
    for parameter, bytes in zip(parameters, sizes, strict=True):
        places.append(place if parameter.trainable else buffer_place)
        if parameter.trainable:
            place += bytes
        else:
            buffer_place += bytes
    return Arena(
        activations,
        top - shared,
        first,
        weights,
        gradients,
        slots * weights,
        buffers,
        tuple(places),
        tuple(made.get(number) for number in range(len(parameters))),
        slot_places,
        tuple(ends[:-1]),
        scratch,
    )
