"""Tables of numbers in .csv files."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .files import bad, read

Array = NDArray[Any]


Row = tuple[int, list[str]]


def read_table(where: str, data: bytes) -> tuple[list[str], list[Row]]:
    """The header, and the rows with the number of their line. Raises RunError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad(where, f"is not UTF-8 text: byte {error.start:,}", "save it as UTF-8") from None
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise bad(where, f"is no table of comma-separated values: {error}", "check its quotes") from None
    if len(rows) < 2:
        raise bad(where, "has no rows under a line of names", "give it a header and at least one row")
    (_, head), *body = rows
    for line, row in body:
        if len(row) != len(head):
            raise bad(where, f"line {line} has {len(row)} values, the header {len(head)}", "give every row all columns")
    return head, body


def load_table(path: Path, target: str | None) -> tuple[Array, Array | None]:
    """The columns [rows, columns] as float64, and the target's column apart: whole numbers, numbers, or the places of
    its words in their sorted order. Raises RunError, which names the line."""
    where = str(path)
    head, body = read_table(where, read(path))
    if target is None:
        return columns(where, head, body, range(len(head))), None
    if head.count(target) != 1:
        raise bad(where, f"has {head.count(target)} columns `{target}`", f"its columns are {', '.join(head[:20])}")
    place = head.index(target)
    others = [column for column in range(len(head)) if column != place]
    return columns(where, head, body, others), _target([row[place] for _, row in body])


def columns(where: str, head: list[str], body: list[Row], places: Sequence[int]) -> Array:
    """The numbers of these columns [rows, columns], as float64. Raises RunError, which names the line."""
    found = np.empty((len(body), len(places)))
    for number, (line, row) in enumerate(body):
        for at, column in enumerate(places):
            try:
                found[number, at] = float(row[column])
            except ValueError:
                message = f"line {line}, column `{head[column]}`: {row[column][:40]!r} is not a number"
                raise bad(where, message, "leave the column out, or code it as numbers") from None
    return found


def _target(values: list[str]) -> Array:
    try:
        numbers = np.array([float(value) for value in values])
    except ValueError:
        return np.unique(np.array(values), return_inverse=True)[1]
    whole = numbers.astype(np.int64) if np.all(np.abs(numbers) < 2**53) else numbers
    return whole if np.array_equal(whole, numbers) else numbers
