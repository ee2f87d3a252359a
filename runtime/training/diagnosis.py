"""Runs watched layer by layer: where numbers stop being finite, and what becomes of rounding."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..trainer import Trainer

Array = NDArray[Any]

_LAYER = re.compile(r"^        # (.*)$", re.MULTILINE)
_NAME = re.compile(r"\b[xgw]\d+\b")
_VIEW = re.compile(r"^    (w\d+) = (.*)$", re.MULTILINE)


Watch = Callable[..., None]


class _Found(Exception):
    """A layer has made a number that is not finite."""


def first_not_finite(trainer: Trainer, arrays: Mapping[str, Array]) -> str | None:
    """The first layer of a step on these arrays whose numbers are not all finite, as the program's comments name it.

    None when there is none: dropout draws other numbers than it did before.
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
    source = trainer.program.source
    found = re.search(rf"^def {function}\(.*?^    return run", source, re.MULTILINE | re.DOTALL)
    assert found is not None
    text = source.replace(found[0], _with_looks(found[0]))
    return trainer.run_other(function, text, {"watch": watch}, arrays)


def _with_looks(step: str) -> str:
    """The text of a function with a look, after the statements of each layer, at what these have touched."""
    head, *layers = re.split(r"(?=^        # )", step, flags=re.MULTILINE)
    seen: dict[str, set[str]] = {}
    for view, text in _VIEW.findall(head):
        seen[view] = _values(text, seen)
    parts = [head]
    for text in layers:
        body, end, rest = text.partition("\n\n    return run")
        name = _LAYER.match(body)
        assert name is not None
        values = sorted(_values(body.partition("\n")[2], seen))
        parts.append(f"{body.rstrip()}\n        watch({', '.join([repr(name[1]), *values])})\n{end}{rest}")
    return "".join(parts)


def _values(text: str, seen: Mapping[str, set[str]]) -> set[str]:
    """The values and gradients that a text names; `seen` are those behind each view."""
    return set[str]().union(*(seen.get(name, {name}) for name in _NAME.findall(text)))
