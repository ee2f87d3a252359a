"""Where numbers stop being finite: a step run once more, watched layer by layer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..trainer import Trainer

Array = NDArray[Any]

_STEP = re.compile(r"^def step\(.*?^    return run", re.MULTILINE | re.DOTALL)
_LAYER = re.compile(r"^        # (.*)$", re.MULTILINE)
_VALUE = re.compile(r"\b[xg]\d+\b")


class _Found(Exception):
    """A layer has made a number that is not finite."""


def first_not_finite(trainer: Trainer, arrays: Mapping[str, Array]) -> str | None:
    """The first layer of a step on these arrays whose numbers are not all finite, as the program's comments name it.

    None when there is none: dropout draws other numbers than it did before.
    """
    step = _STEP.search(trainer.program.source)
    assert step is not None
    watched = trainer.program.source.replace(step[0], _watched(step[0]))

    def watch(layer: str, *values: Array) -> None:
        if any(value.dtype.kind == "f" and not np.isfinite(value).all() for value in values):
            raise _Found(layer)

    try:
        trainer.run_other(watched, {"watch": watch}, arrays)
    except _Found as found:
        return str(found)
    return None


def _watched(step: str) -> str:
    """The text of the step with a look at what each layer has touched after its statements."""
    head, *layers = re.split(r"(?=^        # )", step, flags=re.MULTILINE)
    parts = [head]
    for text in layers:
        body, end, rest = text.partition("\n\n    return run")
        name = _LAYER.match(body)
        assert name is not None
        values = sorted(set(_VALUE.findall(body.partition("\n")[2])))
        parts.append(f"{body.rstrip()}\n        watch({', '.join([repr(name[1]), *values])})\n{end}{rest}")
    return "".join(parts)
