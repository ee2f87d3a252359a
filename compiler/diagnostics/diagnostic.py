"""What is said about a file, as data; `render` turns it into text."""

from __future__ import annotations

from typing import Literal

from ...runtime.record import Record
from ..source import Span

Severity = Literal["error", "warning"]


class Label(Record):
    """A secondary place and a few words on it."""

    span: Span
    text: str


class Measured(Record):
    """A figure that is not what it has to be: `actual operator limit` does not hold, at the sizes `dims`."""

    figure: str
    actual: int
    operator: str
    limit: int | float
    dims: tuple[tuple[str, int], ...] = ()


class Diagnostic(Record):
    """One mistake. `message` stands on its own, in lower case with no full stop; `label` is a shorter text for the
    marked place; `notes` give the reason, `help` the way out.

    `code` is a name in `codes.CODES`; `span` is None only when there is no file to point into; `measured` is the figure
    that a budget or an expectation is about.
    """

    code: str
    message: str
    span: Span | None
    label: str = ""
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str = ""
    severity: Severity = "error"
    measured: Measured | None = None


class SpecError(Exception):
    """A spec has errors; `diagnostics` lists them all, in the order of the text."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("; ".join(f"{d.span}: {d.message}" if d.span else d.message for d in diagnostics))
        self.diagnostics = diagnostics
