"""Collecting diagnostics: every mistake once."""

from __future__ import annotations

from ..source import Source, Span
from .codes import CODES
from .diagnostic import Diagnostic


class Collector:
    """Takes diagnostics and drops those that repeat a code at a place."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Span | None], Diagnostic] = {}

    def add(self, diagnostic: Diagnostic) -> None:
        if diagnostic.code not in CODES:
            raise AssertionError(f"the diagnostic code `{diagnostic.code}` is not declared")
        self._found.setdefault((diagnostic.code, diagnostic.span), diagnostic)

    def __len__(self) -> int:
        return len(self._found)

    @property
    def failed(self) -> bool:
        """Whether there is an error among them."""
        return any(diagnostic.severity == "error" for diagnostic in self._found.values())

    def ordered(self) -> tuple[Diagnostic, ...]:
        """In the order of the text: files as they first appear, then by place."""
        files: dict[Source | None, int] = {None: -1}
        for diagnostic in self._found.values():
            files.setdefault(diagnostic.span.source if diagnostic.span else None, len(files))
        return tuple(sorted(self._found.values(), key=lambda d: _place(d, files)))


def _place(diagnostic: Diagnostic, files: dict[Source | None, int]) -> tuple[int, int, int]:
    span = diagnostic.span
    return (files[span.source], span.start, span.end) if span else (-1, 0, 0)
