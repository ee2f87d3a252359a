"""A compiled program: its source, and where everything is in its arena."""

from __future__ import annotations

from dataclasses import dataclass

from .ports import Port


@dataclass(frozen=True, slots=True)
class Parameter:
    """A trained parameter or a buffer: `place`, `gradient` and `slots` are bytes from the start of the arena.

    It lies there in C order as `stored`; transposed by `order` that is its `shape`. `initial` is the initialiser with
    its arguments, `fan` its (fan in, fan out).
    """

    name: str
    place: int
    gradient: int | None
    slots: tuple[int, ...]
    shape: tuple[int, ...]
    stored: tuple[int, ...]
    order: tuple[int, ...]
    trainable: bool
    initial: tuple[str, tuple[float, ...]]
    fan: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Memory:
    """The bytes of the arena by what they hold."""

    parameters: int
    buffers: int
    gradients: int
    optimizer: int
    activations: int
    workspace: int

    @property
    def total(self) -> int:
        return self.parameters + self.buffers + self.gradients + self.optimizer + self.activations + self.workspace


@dataclass(frozen=True, slots=True)
class Scored:
    """The output whose largest entry along `axis` is held against the labels in `target`."""

    output: str
    target: str
    axis: int
    ignore: int | None


@dataclass(frozen=True, slots=True)
class Program:
    """What a trainer runs.

    `source` defines `predict(arena, sizes)` and, for a network with a `train` block, `evaluate`, `step` and
    `update(arena)`. `sizes` are the planned numbers of the symbolic dimensions, in the order that the functions take
    them; any that are not larger fit. `slots` names the optimizer's blocks. `scored` is what accuracy is measured
    on, where an output is trained to tell classes.
    """

    name: str
    source: str
    dtype: str
    sizes: dict[str, int]
    inputs: tuple[Port, ...]
    targets: tuple[Port, ...]
    outputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    slots: tuple[str, ...]
    memory: Memory
    trains: bool
    scored: Scored | None
