"""Amounts on the command line, as they are written in a spec: `1_000`, `1e6`, `1.2M`, `64MiB`."""

from __future__ import annotations

import re
from typing import Self

import click

from ..units import UNITS

_AMOUNT = r"([0-9_]{1,24})(?:\.([0-9]{1,9}))?(?:e\+?([0-9]{1,2})|([KMG](?:iB)?))?"
_GROUPED = r"[0-9]{1,3}(?:,[0-9]{3})+"
_OTHER = r"([0-9_.]+) ?([kmg])(i?b?)"


class Amount(int):
    """A whole number with the `unit` that it was given in."""

    unit: str

    def __new__(cls, value: int, unit: str = "") -> Self:
        made = super().__new__(cls, value)
        made.unit = unit
        return made


def amount(text: str) -> Amount:
    """An amount as it is written. Raises a usage error."""
    found = re.fullmatch(_AMOUNT, text)
    whole = found[1].replace("_", "") if found else ""
    if not found or not whole:
        raise click.BadParameter(f"{text!r} is not an amount{_instead(text)}")
    decimals: str = found[2] or ""
    parts: int = 10 ** len(decimals)
    scale = UNITS.get(found[4], 1) * 10 ** int(found[3] or 0)
    value, rest = divmod(int(whole + decimals) * scale, parts)
    if rest:
        raise click.BadParameter(f"{text!r} is not a whole amount")
    return Amount(value, found[4] or "")


def _instead(text: str) -> str:
    if re.fullmatch(_GROUPED, text):
        return f": write {text.replace(',', '_')}"
    other = re.fullmatch(_OTHER, text, re.ASCII | re.IGNORECASE)
    if other:
        unit = other[2].upper()
        units = {"": (unit,), "b": (f"{unit}iB", unit)}.get(other[3].lower(), (f"{unit}iB",))
        written = " or ".join(f"{other[1]}{unit}" for unit in units if re.fullmatch(_AMOUNT, f"{other[1]}{unit}"))
        if written:
            return f": write {written}; K, M, G are powers of 1000, KiB, MiB, GiB of 1024"
    return " such as 1_000, 1.2M or 64MiB; K, M, G are powers of 1000, KiB, MiB, GiB of 1024"
