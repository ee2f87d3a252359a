"""Tables of numbers in .csv files, read row by row: only the numbers stay in memory."""

from __future__ import annotations

import csv
import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from ..limits import FileLimits
from .files import bad, opened, room, unreadable

Array = NDArray[Any]
# The number of a row's last line, and its values.
Row = tuple[int, list[str]]
# So many different words are no classes.
MAX_WORDS = 1 << 20


class NotANumber(Exception):
    """A value that is no number: its column and its line."""

    def __init__(self, column: int, line: int, text: str) -> None:
        super().__init__(text)
        self.column = column
        self.line = line
        self.text = text


class _Lines:
    """The lines of a file, as long as a row of them is not too long."""

    def __init__(self, where: str, file: TextIO, limits: FileLimits) -> None:
        self.where = where
        self.file = file
        self.most = limits.row_bytes
        self.left = self.most

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.file.readline(self.left + 1)
        if not line:
            raise StopIteration
        self.left -= len(line)
        if self.left < 0:
            message = f"has a row of more than {self.most:,} characters"
            raise bad(self.where, message, "divide it, or raise the limit: `--limit row_bytes=…`")
        return line


@contextmanager
def read_table(where: str, path: Path, limits: FileLimits) -> Iterator[tuple[list[str], Iterator[Row]]]:
    """The header, and the rows after it, at least one, which are read inside. Raises RunError, also for rows."""
    with TextIOWrapper(os.fdopen(opened(path), "rb"), "utf-8-sig", newline="") as file:
        # A number takes eight bytes, and its text with a comma two or more.
        room(where, os.fstat(file.fileno()).st_size, limits, 4)
        rows = _rows(where, file, limits)
        _, head = next(rows, (0, []))
        first = next(rows, None)
        if first is None:
            raise bad(where, "has no rows under a line of names", "give it a header and at least one row")
        yield head, _whole(where, head, chain([first], rows))


def _rows(where: str, file: TextIO, limits: FileLimits) -> Iterator[Row]:
    lines = _Lines(where, file, limits)
    reader = csv.reader(lines, strict=True)
    try:
        for row in reader:
            lines.left = lines.most
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise bad(where, f"is no table of comma-separated values: {error}", "check its quotes") from None
    except UnicodeDecodeError:
        raise bad(where, f"is not UTF-8 text after line {reader.line_num}", "save it as UTF-8") from None
    except OSError as error:
        raise unreadable(Path(where), error) from None


def _whole(where: str, head: Sequence[str], rows: Iterable[Row]) -> Iterator[Row]:
    """The rows, each with a value in every column."""
    for line, row in rows:
        if len(row) != len(head):
            raise bad(where, f"line {line} has {len(row)} values, the header {len(head)}", "give every row all columns")
        yield line, row


def load_table(path: Path, target: str | None, limits: FileLimits) -> tuple[Array, Array | None]:
    """The columns [rows, columns] as float64, and the target's column apart: whole numbers, numbers, or the places of
    its words in their sorted order. Raises RunError, which names the line."""
    where = str(path)
    with read_table(where, path, limits) as (head, body):
        if target is None:
            return columns(where, head, body, range(len(head))), None
        place = column(where, head, target)
        others = [number for number in range(len(head)) if number != place]
        try:
            found = _numbers(body, [*others, place])
            return found[:, :-1], _least(found[:, -1])
        except NotANumber as error:
            if error.column != place:
                raise _not_a_number(where, head, error) from None
    with read_table(where, path, limits) as (head, body):
        words = _Words(where, target, place, body)
        return columns(where, head, words, others), words.numbers()


def column(where: str, head: Sequence[str], name: str) -> int:
    """The place of a column. Raises RunError."""
    if head.count(name) != 1:
        raise bad(where, f"has {head.count(name)} columns `{name}`", f"its columns are {', '.join(head[:20])}")
    return head.index(name)


def columns(where: str, head: Sequence[str], body: Iterable[Row], places: Sequence[int]) -> Array:
    """The numbers of these columns [rows, columns], as float64. Raises RunError, which names the line."""
    try:
        return _numbers(body, places)
    except NotANumber as error:
        raise _not_a_number(where, head, error) from None


def _not_a_number(where: str, head: Sequence[str], error: NotANumber) -> Exception:
    message = f"line {error.line}, column `{head[error.column][:60]}`: {error.text[:40]!r} is not a number"
    return bad(where, message, "leave the column out, or code it as numbers")


def _numbers(body: Iterable[Row], places: Sequence[int]) -> Array:
    found, count = array("d"), 0
    for line, row in body:
        count += 1
        for place in places:
            try:
                found.append(_number(row[place]))
            except ValueError:
                raise NotANumber(place, line, row[place]) from None
    return np.array(found, copy=False).reshape(count, len(places))


def _number(text: str) -> float:
    """A decimal number. Raises ValueError for what only Python takes for one, such as `1_000`."""
    if "_" in text or not text.isascii():
        raise ValueError
    return float(text)


def _least(numbers: Array) -> Array:
    """The numbers as whole ones where they are."""
    whole = numbers.astype(np.int64) if np.all(np.abs(numbers) < 2**53) else numbers
    return whole if np.array_equal(whole, numbers) else numbers


class _Words:
    """Passes rows on, and keeps of each which word it has in a column."""

    def __init__(self, where: str, name: str, place: int, body: Iterator[Row]) -> None:
        self.where = where
        self.name = name
        self.place = place
        self.body = body
        self.known: dict[str, int] = {}
        self.codes = array("q")

    def __iter__(self) -> Iterator[Row]:
        for line, row in self.body:
            self.codes.append(self.known.setdefault(row[self.place], len(self.known)))
            if len(self.known) > MAX_WORDS:
                message = f"column `{self.name}` has more than {MAX_WORDS:,} different words, which are no classes"
                raise bad(self.where, message, "give a column of numbers, or of fewer words")
            yield line, row

    def numbers(self) -> Array:
        """The place of each word in their sorted order."""
        order = {word: number for number, word in enumerate(sorted(self.known))}
        places: Array = np.array([order[word] for word in self.known])
        found: Array = places[np.array(self.codes)]
        return found
