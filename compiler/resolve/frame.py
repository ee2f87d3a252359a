"""Where the walk over a body stands."""

from __future__ import annotations

from ...runtime.record import Record, fresh
from ..graph.dims import Dim
from ..graph.graph import Value
from ..source import Span
from .naming import Mark
from .program import Namespace


class State(Record, eq=False):
    """A state of a cell: its value before the step, and its first one, a number or a tensor [1, …]."""

    name: str
    value: Value
    initial: float | Value
    span: Span


class Frame(Record, frozen=False):
    """One body of a net or block that is being run.

    `names` are the bindings, the innermost loop last; `inputs` is the value of `in`, None when there are several;
    `it` the running value, None while it is unset; `mark` the scope that names layer uses; `chain` the uses of blocks
    that led here; `outputs` what `output` named so far; `states` are those of a cell, `next` their next
    values, `samples` the rows of a step.
    """

    file: Namespace
    names: list[dict[str, object]]
    inputs: object
    it: object
    mark: Mark
    chain: tuple[Span, ...]
    outputs: list[tuple[str, object, Span]] = fresh(factory=list)
    next: dict[str, object] = fresh(factory=dict)
    states: list[State] = fresh(factory=list)
    samples: Dim | None = None
