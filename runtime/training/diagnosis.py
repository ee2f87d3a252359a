"""Runs watched layer by layer: where numbers stop being finite, and what becomes of rounding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..trainer import Trainer
from .sections import Function, taken_apart

Array = NDArray[Any]

Watch = Callable[..., None]


class _Found(Exception):
    """A layer has made a number that is not finite."""


def first_not_finite(trainer: Trainer, arrays: Mapping[str, Array]) -> str | None:
    """The first layer of a step on these arrays whose numbers are not all finite, as the program's comments name it.

    None when there is none.
    """

    def watch(layer: str, *values: Array) -> None:
        if any(value.dtype.kind == "f" and not np.isfinite(value).all() for value in values):
            raise _Found(layer)

    try:
        watched(trainer, "step", watch, arrays)
    except _Found as found:
        return str(found)
    return None


def watched(trainer: Trainer, function: str, watch: Watch, arrays: Mapping[str, Array]) -> tuple[Array, ...]:
    """The results of `step` or `predict`, where `watch` is called after the statements of each layer with its name, as
    the comments have it, and the arrays that it has touched. Raises RunError."""
    found = taken_apart(trainer.program.source, function)
    text = trainer.program.source.replace(found.text, _with_looks(found))
    return trainer.rewritten(function, text, {"watch": watch}, arrays)()


def _with_looks(function: Function) -> str:
    """The text of a function with a look, after the statements of each layer, at what these have touched."""
    parts = [function.head]
    for section in function.sections:
        values = sorted(name for name in section.touched if name[0] in "xg")
        look = f"        watch({', '.join([repr(section.comment), *values])})\n"
        parts.append(f"        # {section.comment}\n{section.statements}{look}")
    return "".join([*parts, function.tail])
