"""Tables of numbers in .csv files."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .files import bad, read

Array = NDArray[Any]


def load_table(path: Path, target: str | None) -> tuple[Array, Array | None]:
    """The columns [rows, columns] as float64, and the target's column apart: whole numbers, numbers, or the places of
    its words in their sorted order. Raises RunError, which names the line."""
    try:
        text = read(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad(path, f"is not UTF-8 text: byte {error.start:,}", "save it as UTF-8") from None
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise bad(path, f"is no table of comma-separated values: {error}", "check its quotes") from None
    if len(rows) < 2:
        raise bad(path, "has no rows under a line of names", "give it a header and at least one row")
    (_, head), *body = rows
    for line, row in body:
        if len(row) != len(head):
            raise bad(path, f"line {line} has {len(row)} values, the header {len(head)}", "give every row all columns")
    if target is None:
        return _numbers(path, head, body, range(len(head))), None
    if head.count(target) != 1:
        raise bad(path, f"has {head.count(target)} columns `{target}`", f"its columns are {', '.join(head[:20])}")
    place = head.index(target)
    others = [column for column in range(len(head)) if column != place]
    return _numbers(path, head, body, others), _target([row[place] for _, row in body])


def _numbers(path: Path, head: list[str], body: list[tuple[int, list[str]]], columns: Any) -> Array:
    found = np.empty((len(body), len(columns)))
    for number, (line, row) in enumerate(body):
        for at, column in enumerate(columns):
            try:
                found[number, at] = float(row[column])
            except ValueError:
                message = f"line {line}, column `{head[column]}`: {row[column][:40]!r} is not a number"
                raise bad(path, message, "leave the column out, or code it as numbers") from None
    return found


def _target(values: list[str]) -> Array:
    try:
        numbers = np.array([float(value) for value in values])
    except ValueError:
        return np.unique(np.array(values), return_inverse=True)[1]
    whole = numbers.astype(np.int64) if np.all(np.abs(numbers) < 2**53) else numbers
    return whole if np.array_equal(whole, numbers) else numbers
