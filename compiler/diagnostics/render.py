"""Diagnostics as text for people, in the look of rustc."""

from __future__ import annotations

from collections.abc import Sequence

from ..source import Span
from .diagnostic import Diagnostic
from .excerpt import excerpt
from .visible import visible

REPORT_LINES = 25
_BOLD, _RED, _YELLOW, _BLUE, _CYAN, _RESET = "\x1b[1m", "\x1b[31m", "\x1b[33m", "\x1b[34m", "\x1b[36m", "\x1b[0m"


def concise(diagnostic: Diagnostic) -> str:
    """`file:line:col: error[code]: message`."""
    place = f"{where(diagnostic.span)}: " if diagnostic.span else ""
    return f"{place}{diagnostic.severity}[{diagnostic.code}]: {visible(diagnostic.message, 400)}"


def where(span: Span) -> str:
    """`file:line:col`."""
    line, column = span.position
    return f"{visible(span.source.name)}:{line}:{column}"


def full(diagnostic: Diagnostic, *, color: bool = False) -> str:
    """The message with the lines of the text that it speaks of, notes and help."""
    paint = _paint if color else _plain
    tone = _RED if diagnostic.severity == "error" else _YELLOW
    head = paint(f"{diagnostic.severity}[{diagnostic.code}]", tone + _BOLD)
    lines = [f"{head}: {paint(visible(diagnostic.message, 400), _BOLD)}"]
    places = [(diagnostic.span, diagnostic.label, "^")] if diagnostic.span else []
    places += [(label.span, label.text, "-") for label in diagnostic.labels]
    width = max([len(str(span.position[0])) for span, _, _ in places], default=1)
    file, shown = None, ""
    for span, text, sign in places:
        if span.source is not file:
            arrow = "-->" if file is None else ":::"
            lines.append(f"{' ' * width}{paint(arrow, _BLUE)} {where(span)}")
        number, line, marks = excerpt(span, sign)
        above = f"{paint(f'{number:>{width}} |', _BLUE)} {line}".rstrip()
        if span.source is not file or above != shown:
            lines.append(above)
        file, shown = span.source, above
        pointer = paint(f"{marks.lstrip()} {visible(text)}".rstrip(), tone if sign == "^" else _BLUE)
        indent = " " * (len(marks) - len(marks.lstrip()))
        lines.append(f"{paint(' ' * width + ' |', _BLUE)} {indent}{pointer}")
    lines += [f"{' ' * width} {paint('=', _BLUE)} note: {visible(note, 400)}" for note in diagnostic.notes]
    if diagnostic.help:
        lines.append(f"{' ' * width} {paint('=', _BLUE)} {paint('help', _CYAN)}: {visible(diagnostic.help, 400)}")
    return "\n".join(lines)


def _plain(text: str, tone: str) -> str:
    return text


def _paint(text: str, tone: str) -> str:
    return f"{tone}{text}{_RESET}"


def report(diagnostics: Sequence[Diagnostic], shown: int, *, lines: int | None = None, color: bool = False) -> str:
    """The first `shown` diagnostics in full, the others on a line each, then `and N more`; at most `lines` lines."""
    parts = [full(diagnostic, color=color) for diagnostic in diagnostics[:shown]]
    blocks: list[str] = []
    used = 0
    rest = len(diagnostics)
    for part, diagnostic in zip(parts, diagnostics, strict=False):
        size = part.count("\n") + 2
        last = 1 if rest > 1 else 0
        if lines is not None and used + size + last > lines:
            part, size = concise(diagnostic), 1
            if used + size + last > lines:
                break
        blocks.append(part + ("\n" if size > 1 else ""))
        used += size
        rest -= 1
    if lines is not None:
        room = lines - used
        extra = list(diagnostics[len(blocks) :])
        keep = len(extra) if len(extra) <= room else max(room - 1, 0)
        blocks += [concise(diagnostic) for diagnostic in extra[:keep]]
        rest = len(extra) - keep
    if rest:
        blocks.append(f"and {rest} more")
    return "\n".join(blocks).rstrip("\n")
