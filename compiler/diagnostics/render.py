"""Diagnostics as text for people, in the look of rustc."""

from __future__ import annotations

from collections.abc import Sequence

from ..source import Span
from .diagnostic import Diagnostic
from .visible import visible

WIDTH = 80
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
    for number, (span, text, sign) in enumerate(places):
        arrow = paint("-->" if number == 0 else ":::", _BLUE)
        lines.append(f"{' ' * width}{arrow} {where(span)}")
        line, excerpt, marks = _excerpt(span, sign)
        lines.append(f"{paint(f'{line:>{width}} |', _BLUE)} {excerpt}")
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


def _excerpt(span: Span, sign: str) -> tuple[int, str, str]:
    """The line of a span, cut to WIDTH columns around it, and the marks below it."""
    line, column = span.position
    text = span.source.line(line)
    start = column - 1
    end = min(start + max(span.end - span.start, 1), max(len(text), start + 1))
    left = max(0, start - WIDTH // 2) if len(text) > WIDTH else 0
    before = text[left:start]
    inside = text[start : min(end, left + WIDTH)]
    after = text[min(end, left + WIDTH) : left + WIDTH]
    lead = ("…" if left else "") + _show(before)
    body = _show(inside)
    tail = "…" if left + WIDTH < len(text) else ""
    return line, lead + body + _show(after) + tail, " " * len(lead) + sign * max(len(body), 1)


def _show(text: str) -> str:
    return visible(text.replace("\t", "    "), 10 * WIDTH)


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
