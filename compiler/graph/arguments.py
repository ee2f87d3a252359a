"""What a layer's argument may be, by the name that annotates its field.

`units: Positive` accepts a whole number from 1 up, and so on; `CONVERTERS` maps each annotation to the function that
checks a value of the language and turns it into what the layer reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from ...runtime.record import REQUIRED, Record, fields
from .dims import Dim, Poly
from .initial import INITIALS, Initial
from .layer import Layer, Shared


class Word(str):
    """An option word of the language, such as `same`; a string in quotes is a plain str."""

    __slots__ = ()


class ArgumentError(Exception):
    """A value is not what the argument accepts; the text goes on `expected …`."""


Positive = int
Count = int
Integer = int
Real = float
Probability = float
Flag = bool
Extent = int | tuple[int, ...]
Padding = int | tuple[int, ...] | Word
Margins = int | tuple[int, ...]
Bias = bool | Word
Table = tuple[tuple[int, ...], ...]
Codes = tuple[tuple[int, ...], ...]
Sizes = tuple[Dim, ...]
Counts = tuple[int, ...]
Parts = int | tuple[int, ...]
Factors = float | tuple[float, ...]
Instance = Shared


def _positive(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise ArgumentError("a whole number from 1 up")


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ArgumentError("a whole number from 0 up")


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ArgumentError("a whole number")


def _real(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ArgumentError("a number")


def _probability(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1:
        return value
    raise ArgumentError("a number from 0 up to, not including, 1")


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ArgumentError("`yes` or `no`")


def _extent(value: object) -> int | tuple[int, ...]:
    try:
        if isinstance(value, tuple) and len(value) in (1, 2):
            return tuple(_positive(size) for size in value)
        return _positive(value)
    except ArgumentError:
        raise ArgumentError("a whole number from 1 up, or an extent such as `3x5`") from None


PAD_WORDS = ("half", "same", "same_upper", "same_lower", "valid")


def _margins(value: object) -> int | tuple[int, ...]:
    try:
        if isinstance(value, tuple) and len(value) in (2, 4):
            return tuple(_count(size) for size in value)
        return _count(value)
    except ArgumentError:
        raise ArgumentError("a whole number from 0 up, `(h, w)` or `(top, bottom, left, right)`") from None


def _padding(value: object) -> int | tuple[int, ...] | Word:
    if isinstance(value, Word) and value in PAD_WORDS:
        return value
    try:
        return _margins(value)
    except ArgumentError:
        raise ArgumentError(
            "a whole number from 0 up, `(h, w)`, `(top, bottom, left, right)`, "
            "`half`, `same`, `same_upper`, `same_lower` or `valid`"
        ) from None


def _bias(value: object) -> bool | Word:
    if isinstance(value, bool) or (isinstance(value, Word) and value == "each"):
        return value
    raise ArgumentError("`yes`, `no` or `each`")


def _table(value: object) -> tuple[tuple[int, ...], ...]:
    try:
        if isinstance(value, tuple) and value:
            return tuple(_counts(row) for row in value)
    except ArgumentError:
        pass
    raise ArgumentError("a list with a list of input maps (from 0) for each output map")


def _codes(value: object) -> tuple[tuple[int, ...], ...]:
    if isinstance(value, tuple) and value and all(isinstance(row, tuple) and row for row in value):
        width = len(value[0])
        if all(len(row) == width and all(type(item) is int and item in (-1, 1) for item in row) for row in value):
            return value
    raise ArgumentError("a list with a list of 1 and -1, one per feature, for each class")


def _counts(value: object) -> tuple[int, ...]:
    try:
        if isinstance(value, tuple) and value:
            return tuple(_count(item) for item in value)
    except ArgumentError:
        pass
    raise ArgumentError("a list of whole numbers from 0 up")


def _sizes(value: object) -> tuple[Dim, ...]:
    if isinstance(value, tuple) and all(isinstance(v, int | Poly) and not isinstance(v, bool) for v in value):
        return value
    raise ArgumentError("a list of sizes, such as `[16, 5, 5]`")


def _parts(value: object) -> int | tuple[int, ...]:
    try:
        if isinstance(value, tuple) and value:
            return tuple(_positive(size) for size in value)
        return _positive(value)
    except ArgumentError:
        raise ArgumentError("a number of parts, or a list of sizes such as `[24, 40]`") from None


def _factors(value: object) -> float | tuple[float, ...]:
    try:
        if isinstance(value, tuple) and value:
            return tuple(_real(item) for item in value)
        return _real(value)
    except ArgumentError:
        raise ArgumentError("a number, or a list with one number per channel") from None


def _initial(value: object) -> Initial:
    if isinstance(value, Initial):
        return value
    if isinstance(value, Word) and value in INITIALS:
        missing = [name for name, default in INITIALS[value].items() if default is None]
        if missing:
            raise ArgumentError(f"`{value}({', '.join(f'{name} = …' for name in missing)})`")
        return Initial(value, tuple(float(d) for d in INITIALS[value].values() if d is not None))
    raise ArgumentError(f"an initialiser: {', '.join(INITIALS)}")


def _instance(value: object) -> Shared:
    if isinstance(value, Shared):
        return value
    raise ArgumentError("a layer that `let` named and that has been used before")


# What a value of each kind looks like, for messages.
EXAMPLES = {
    "Positive": "2",
    "Count": "1",
    "Integer": "1",
    "Real": "0.5",
    "Probability": "0.5",
    "Flag": "no",
    "Extent": "2",
    "Padding": "half",
    "Margins": "1",
    "Bias": "no",
    "Table": "[[0, 1], [1, 2]]",
    "Codes": "[[1, -1], [-1, 1]]",
    "Sizes": "[16, 5, 5]",
    "Counts": "[0, 2, 1]",
    "Parts": "2",
    "Factors": "0.5",
    "Initial": "normal(0.1)",
}

CONVERTERS: dict[str, Callable[[object], Any]] = {
    "Positive": _positive,
    "Count": _count,
    "Integer": _integer,
    "Real": _real,
    "Probability": _probability,
    "Flag": _flag,
    "Extent": _extent,
    "Padding": _padding,
    "Margins": _margins,
    "Bias": _bias,
    "Table": _table,
    "Codes": _codes,
    "Counts": _counts,
    "Sizes": _sizes,
    "Parts": _parts,
    "Factors": _factors,
    "Initial": _initial,
    "Instance": _instance,
}


class Signature(Record):
    """One argument of a layer, which may be `named` alone. `words` are the words that it takes when it is a choice
    between words."""

    name: str
    annotation: str
    default: object
    words: tuple[str, ...]
    named: bool

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    @property
    def accepts(self) -> str:
        """What the argument takes, in words."""
        try:
            self.convert(None)
        except ArgumentError as error:
            return str(error)
        raise AssertionError(f"`{self.name}` takes anything")

    @property
    def example(self) -> str:
        """The argument with a value that it takes."""
        if self.annotation == "Instance":
            return "let f = fc(10)"
        return f"{self.name} = {self.words[0] if self.words else EXAMPLES[self.annotation]}"

    def convert(self, value: object) -> Any:
        """The value as the layer reads it. Raises ArgumentError."""
        if self.words:
            if isinstance(value, Word) and value in self.words:
                return value
            raise ArgumentError(" or ".join(f"`{word}`" for word in self.words))
        return CONVERTERS[self.annotation](value)


@cache
def signature(layer: type[Layer]) -> tuple[Signature, ...]:
    """The arguments of a layer, in positional order."""
    found, named = [], False
    for name, kind in layer.__annotations__.items():
        if name == "_":
            named = True
            continue
        annotation = kind.removesuffix(" | None")
        words = tuple(re.findall(r"['\"](\w+)['\"]", annotation)) if annotation.startswith("Literal[") else ()
        found.append(Signature(name, annotation, fields(layer)[name], words, named))
    return tuple(found)
