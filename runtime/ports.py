"""What is fed to a program."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .errors import RunError
from .record import Record

_LINEAR = r"(?:(\d+)\*)?([A-Za-z_]\w*)(?: ([+-]) (\d+))?"


class Port(Record):
    """An input or target: its element type by NumPy's name, and its sizes; a symbolic one is a text, `T` or `2*T - 1`.

    Whole numbers fed to it are at least 0 and below `classes`, or equal `ignore`, where these are given.
    """

    name: str
    dtype: str
    dims: tuple[int | str, ...]
    classes: int | None = None
    ignore: int | None = None

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The sizes of one sample, None for any."""
        return tuple(dim if isinstance(dim, int) else None for dim in self.dims[1:])

    def at(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """Its sizes where symbols have these numbers. Raises RunError for a product of symbols."""
        return tuple(dim if isinstance(dim, int) else _value(dim, sizes) for dim in self.dims)


def linear(dim: str) -> tuple[int, str, int] | None:
    """The factor, symbol and shift of a symbolic size `factor*symbol + shift`; None for another one."""
    found = re.fullmatch(_LINEAR, dim)
    if found is None:
        return None
    factor, symbol, sign, shift = found.groups()
    return int(factor or 1), symbol, int(f"{sign or ''}{shift or 0}")


def _value(dim: str, sizes: Mapping[str, int]) -> int:
    solved = linear(dim)
    if solved is None:
        raise RunError("unbound-dimension", f"the size {dim} has no number here", "bind its dimensions with `--dim`")
    factor, symbol, shift = solved
    return factor * sizes[symbol] + shift
