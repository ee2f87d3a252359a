"""What is fed to a program."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Port:
    """An input or target: its element type by NumPy's name, and its sizes, a name standing for a symbolic one.

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
