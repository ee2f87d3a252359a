"""Sequences cut into samples: steps in a row, and with each what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..ports import Port
from .dataset import Dataset
from .files import bad
from .table import column, columns, read_table
from .wanted import Wanted

Array = NDArray[Any]


def series(where: str, path: Path, wanted: Wanted, steps: int) -> Dataset:
    """Samples of a table whose rows are steps in time. Raises RunError.

    An input of one number a step is the target's column, one of as many as there are columns is all of them. The target
    is that column's next value: at each step, or where it has no dimension for steps after the last.
    """
    with read_table(where, path, wanted.limits) as (head, body):
        if wanted.target is None and len(head) > 1:
            raise bad(where, "does not say which column is the series", "name it: `--target COLUMN`")
        place = column(where, head, wanted.target if wanted.target is not None else head[0])
        alone = _features(where, head, place, wanted.inputs[0]) == 1
        values = columns(where, head, body, [place] if alone else range(len(head)))
    return cut(where, values, values[:, [0 if alone else place]], wanted, steps)


def _features(where: str, head: Sequence[str], place: int, port: Port) -> int:
    """How many numbers of a step an input takes, one or all. Raises RunError."""
    features = port.shape[1] if len(port.shape) == 2 else None
    if features in (1, len(head)):
        return features
    has = f"the series has 1 in `{head[place]}`" + (f", and {len(head)} in all columns" if len(head) > 1 else "")
    takes = "is not [steps, numbers]" if features is None else f"takes {features} numbers a step"
    raise bad(where, f"`{port.name}` {takes}, {has}", f"declare `input {port.name}: f32[N, T, 1]`")


def cut(where: str, values: Array, following: Array, wanted: Wanted, steps: int) -> Dataset:
    """Samples of `steps` values, one after the other, the rest left out. Raises RunError.

    With a target there is one for each step, of the step after it, or for each sample, of the step after its last.
    """
    ahead = 1 if wanted.targets else 0
    count = (len(values) - ahead) // steps
    if count < 1:
        more = " and the one after them" if ahead else ""
        message = f"has {len(values):,} steps, too few for a sample of {steps:,}{more}"
        raise bad(where, message, "make the samples shorter: `--seq-len`")
    arrays = {wanted.inputs[0].name: _rows(values[: count * steps], count)}
    if wanted.targets:
        after = _rows(following[1 : count * steps + 1], count)
        arrays[wanted.targets[0].name] = after if _each(wanted.targets[0], after) else after[:, -1]
    return Dataset(arrays, ordered=True)


def _rows(values: Array, count: int) -> Array:
    return values.reshape(count, len(values) // count, *values.shape[1:])


def _each(port: Port, after: Array) -> bool:
    return len(port.shape) == after.ndim - 1
