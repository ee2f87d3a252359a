"""Outputs for whole sets of data, and their files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data.dataset import Dataset
from .errors import RunError

Array = NDArray[Any]


def predictions(run: Callable[[dict[str, Array]], dict[str, Array]], data: Dataset, batch: int) -> dict[str, Array]:
    """Every output for all samples, `batch` at a time."""
    starts = range(0, data.size, batch)
    parts = [run(data.take(np.arange(start, min(start + batch, data.size)))) for start in starts]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def to_npz(outputs: dict[str, Array]) -> bytes:
    """The bytes of an .npz file with an array for each output."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **outputs)
    return file.getvalue()


def to_csv(outputs: dict[str, Array]) -> bytes:
    """A table with a row for each sample. Raises RunError unless every output is one row of numbers for a sample."""
    columns: list[str] = []
    rows = []
    for name, array in outputs.items():
        if array.ndim > 2:
            message = f"`{name}` is {list(array.shape[1:])} for each sample, and a .csv has one row of numbers for each"
            raise RunError("bad-data", message, "write an .npz file: `-o NAME.npz`")
        matrix = array.reshape(len(array), -1)
        columns += [f"{name}_{place}" for place in range(matrix.shape[1])] if array.ndim == 2 else [name]
        rows.append(matrix)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(np.concatenate(rows, axis=1).tolist())
    return text.getvalue().encode()
