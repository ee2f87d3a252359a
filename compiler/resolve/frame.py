"""Where the walk over a body stands."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..source import Span
from .naming import Mark
from .program import Namespace


@dataclass(slots=True)
class Frame:
    """One body of a net or block that is being run.

    `names` are the bindings, the innermost loop last; `inputs` is the value of `in`, None when there are several;
    `it` the running value, None while it is unset; `mark` the scope that names layer uses; `chain` the uses of blocks
    that led here; `outputs` what `output` named so far.
    """

    file: Namespace
    names: list[dict[str, object]]
    inputs: object
    it: object
    mark: Mark
    chain: tuple[Span, ...]
    outputs: list[tuple[str, object, Span]] = field(default_factory=list)
