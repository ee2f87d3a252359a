"""The units of large numbers, in a spec and on the command line."""

from __future__ import annotations

UNITS = {"K": 10**3, "M": 10**6, "G": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def unit_of(text: str) -> str:
    """The unit of a number as it is written; empty where it has none."""
    return next((unit for unit in sorted(UNITS, key=len, reverse=True) if text.endswith(unit)), "")


def in_unit(count: int, unit: str) -> str:
    """What stands behind a number of bytes that is written in full: ` (89.1 MiB)`, nothing where the unit is none or a
    power of 1000, since that can be read off."""
    return f" ({count / UNITS[unit]:,.1f} {unit})" if unit.endswith("iB") else ""
