"""What all nodes of the syntax tree share."""

from __future__ import annotations

from ...runtime.record import Record
from ..source import Span


class Node(Record, apart=("span",)):
    """A node is equal to another of its kind with equal parts, wherever both stand."""

    span: Span

    def parts(self) -> tuple[object, ...]:
        """What it is made of."""
        return tuple([getattr(self, name) for name in self.__match_args__ if name not in self._apart])
