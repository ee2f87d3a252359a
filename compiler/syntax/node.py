"""What all nodes of the syntax tree share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeVar, cast, dataclass_transform

from ..source import Span

_T = TypeVar("_T", bound=type)


@dataclass_transform(frozen_default=True)
def node(cls: _T) -> _T:
    """Make a class a node. The type checker holds it frozen; a frozen dataclass with its own `==` takes three times as
    long to make, and the fifty nodes are a large part of the start of `netc`."""
    return cast(_T, dataclass(slots=True, eq=False, repr=False)(cls))


@node
class Node:
    """A node is equal to another of its kind with equal parts; `apart` are the fields that take no part in it."""

    span: Span
    apart: ClassVar[tuple[str, ...]] = ("span",)

    def parts(self) -> tuple[object, ...]:
        names: tuple[str, ...] = self.__match_args__
        return tuple(getattr(self, name) for name in names if name not in self.apart)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.parts() == other.parts()

    def __hash__(self) -> int:
        return hash((type(self), *self.parts()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.parts()))})"
