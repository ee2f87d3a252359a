"""A compiled program: its source, and where everything is in its arena."""

from __future__ import annotations

from collections.abc import Mapping

from .ports import Port
from .record import Record


class First(Record):
    """First values of `rows` of a parameter, along its first dimension: an initialiser with its arguments, and the
    (fan in, fan out) for it."""

    rows: int
    kind: str
    arguments: tuple[float, ...]
    fan: tuple[int, int]


class Parameter(Record, eq=False):
    """A trained parameter or a buffer: `place`, `gradient` and `slots` are bytes from the start of the arena.

    It lies there in C order as `stored`; transposed by `order` that is its `shape`. `first` are the first values of its
    parts, one below the other.
    """

    name: str
    place: int
    gradient: int | None
    slots: tuple[int, ...]
    shape: tuple[int, ...]
    stored: tuple[int, ...]
    order: tuple[int, ...]
    trainable: bool
    first: tuple[First, ...]


class Memory(Record):
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


class Term(Record, eq=False):
    """A term of the loss, where it is about an output and a target themselves: `weight` times the loss `kind`.

    `axis` holds the classes; targets equal to `ignore` do not count.
    """

    kind: str
    output: str
    target: str
    axis: int
    ignore: int | None
    weight: float


class State(Record):
    """A state of a cell that stays between steps: its place in the arena, its size in bytes, and what it starts at."""

    place: int
    bytes: int
    initial: float


class Unroll(Record):
    """Truncated back-propagation through time: a step of training takes up to `steps` of the dimension `symbol`, the
    second one of every input and target, and goes on from the states that the step before ended with."""

    symbol: str
    steps: int
    states: tuple[State, ...]


class Program(Record, eq=False):
    """What a trainer runs.

    `source` defines `predict(arena, sizes)` and, for a network with a `train` block, `evaluate`, `step` and
    `update(arena)`. `sizes` are the planned numbers of the symbolic dimensions, in the order that the functions take
    them; any that are not larger fit. `slots` names the optimizer's blocks. `terms` are those of the loss that the
    outputs and targets decide, `whole` says whether these are all. `probes` names the states of cells whose gradients a
    step tells the norms of. `least` has the smallest number of a dimension where that is above 1. `tier` names its
    kernels.
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
    terms: tuple[Term, ...]
    whole: bool
    unroll: Unroll | None = None
    probes: tuple[str, ...] = ()
    least: Mapping[str, int] = {}
    tier: str = "numpy"

    @property
    def step_sizes(self) -> dict[str, int]:
        """The most of each symbolic dimension in one step of training."""
        return self.sizes | ({self.unroll.symbol: self.unroll.steps} if self.unroll else {})

    @property
    def scored(self) -> Term | None:
        """What accuracy is measured on: the first output that is trained to tell classes."""
        return next((term for term in self.terms if term.kind in ("cross_entropy", "nll")), None)
