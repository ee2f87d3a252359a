"""Sequences cut into samples: steps in a row, and with each what comes next."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ..ports import Port
from .dataset import Dataset
from .files import bad
from .table import columns, read_table
from .wanted import Wanted

Array = NDArray[Any]


def series(where: str, data: bytes, wanted: Wanted, steps: int) -> Dataset:
    """Samples of a table whose rows are steps in time. Raises RunError.

    An input of one number a step is the target's column, one of as many as there are columns is all of them. The target
    is that column's next value: at each step, or where it has no dimension for steps after the last.
    """
    head, body = read_table(where, data)
    if wanted.target is None and len(head) > 1:
        raise bad(where, "does not say which column is the series", "name it: `--target COLUMN`")
    target = wanted.target if wanted.target is not None else head[0]
    if head.count(target) != 1:
        raise bad(where, f"has {head.count(target)} columns `{target}`", f"its columns are {', '.join(head[:20])}")
    name, shape = wanted.inputs[0].name, wanted.inputs[0].shape
    features = shape[1] if len(shape) == 2 else None
    if features not in (1, len(head)):
        has = f"the series has 1 in `{target}`" + (f", and {len(head)} in all columns" if len(head) > 1 else "")
        message = (
            f"`{name}` is not [steps, numbers]" if features is None else f"`{name}` takes {features} numbers a step"
        )
        raise bad(where, f"{message}, {has}", f"declare `input {name}: f32[N, T, 1]`")
    place = head.index(target)
    values = columns(where, head, body, [place] if features == 1 else range(len(head)))
    return cut(where, values, values[:, [0 if features == 1 else place]], wanted, steps)


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
