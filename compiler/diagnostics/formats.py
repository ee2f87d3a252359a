"""Diagnostics for programs: JSON, and annotations of a build server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...runtime.record import asdict
from ..source import Span
from .diagnostic import Diagnostic, Measured
from .visible import visible


def to_json(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """The report as `terraform validate -json` lays it out."""
    errors = sum(1 for diagnostic in diagnostics if diagnostic.severity == "error")
    return {
        "format_version": 1,
        "valid": errors == 0,
        "error_count": errors,
        "warning_count": len(diagnostics) - errors,
        "diagnostics": [_one(diagnostic) for diagnostic in diagnostics],
    }


def _one(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_place(diagnostic.span),
        "label": diagnostic.label,
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
        "labels": [{"text": label.text, **_place(label.span)} for label in diagnostic.labels],
        **({"measured": _measured(diagnostic.measured)} if diagnostic.measured else {}),
    }


def _measured(measured: Measured) -> dict[str, Any]:
    return asdict(measured) | {"dims": dict(measured.dims)}


def _place(span: Span | None) -> dict[str, Any]:
    if span is None:
        return dict.fromkeys(("file", "line", "column", "end_line", "end_column"))
    line, column = span.position
    end_line, end_column = span.end_position
    return {
        "file": span.source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }


def to_github(diagnostics: Sequence[Diagnostic]) -> str:
    """Workflow commands, one a line, that GitHub shows beside the changed lines."""
    lines = []
    for diagnostic in diagnostics:
        fields = {}
        if diagnostic.span is not None:
            line, column = diagnostic.span.position
            end_line, end_column = diagnostic.span.end_position
            fields = {"file": visible(diagnostic.span.source.name), "line": line, "endLine": end_line}
            fields |= {"col": column, "endColumn": end_column}
        fields["title"] = diagnostic.code
        text = diagnostic.message + (f". {diagnostic.help}" if diagnostic.help else "")
        given = ",".join(f"{name}={_escape(str(value), field=True)}" for name, value in fields.items())
        lines.append(f"::{diagnostic.severity} {given}::{_escape(visible(text, 1000))}")
    return "\n".join(lines)


def _escape(text: str, *, field: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if field else text
