"""The arena of a whole program: the rooms of its bodies, then the blocks of parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ...runtime.program import Memory
from ..graph.code import Names
from ..graph.graph import Parameter
from .plan import Room, round_up, size


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Arena:
    """Where everything starts, in bytes: `parameters` and `gradients` by number of the parameter (a buffer has a place
    among the parameters, and no gradient), `slots` the optimizer's blocks, `carried` the states of cells that stay
    between steps, which count as activations.

    `activations`, `workspace`, `parameter_bytes` and so on are the sizes of the parts; their sum is `total`.
    """

    activations: int
    workspace: int
    parameter_bytes: int
    gradient_bytes: int
    slot_bytes: int
    buffer_bytes: int
    parameters: tuple[int, ...]
    gradients: tuple[int | None, ...]
    slots: tuple[int, ...]
    carried: tuple[int, ...] = ()

    @property
    def first(self) -> int:
        """Where the block of parameters starts."""
        return self.activations + self.workspace

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

    `scratch` is what updating the parameters needs of the workspace, `carried` the sizes of carried states, in bytes.
    """
    shared = max(room.activations for room in rooms)
    ends = list(accumulate(map(round_up, carried), initial=shared))
    activations = ends[-1]
    workspace = max(*(room.workspace for room in rooms), round_up(scratch))
    parameters = tuple(parameters)
    sizes = [size(parameter.value.type, names) for parameter in parameters]
    weights = sum(bytes for parameter, bytes in zip(parameters, sizes, strict=True) if parameter.trainable)
    buffers = sum(sizes) - weights
    first = activations + workspace
    slot_places = tuple(first + weights * (2 + number) for number in range(slots))
    gradients = weights if trained else 0
    buffer_place = first + weights + gradients + slots * weights
    places: list[int] = []
    gradient_places: list[int | None] = []
    place = first
    for parameter, bytes in zip(parameters, sizes, strict=True):
        places.append(place if parameter.trainable else buffer_place)
        gradient_places.append(place + weights if parameter.trainable and trained else None)
        if parameter.trainable:
            place += bytes
        else:
            buffer_place += bytes
    return Arena(
        activations,
        workspace,
        weights,
        gradients,
        slots * weights,
        buffers,
        tuple(places),
        tuple(gradient_places),
        slot_places,
        tuple(ends[:-1]),
    )
