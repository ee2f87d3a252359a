"""The line of the text that a message speaks of, cut to fit, and the marks below it."""

from __future__ import annotations

from ..source import Span
from .visible import cells

WIDTH = 80
TAB = "    "


def excerpt(span: Span, sign: str) -> tuple[int, str, str]:
    """The number of the line where a span starts, the line in at most WIDTH columns, and the marks under the span."""
    number, column = span.position
    line = span.source.line(number)
    start = column - 1
    end = min(max(span.end - span.start, 1) + start, len(line))
    # No character worth showing is further away than this: only characters of no width could be.
    left = max(0, start - WIDTH)
    shown = [TAB if cell == "\\t" else cell for cell in cells(line[left : start + 2 * WIDTH])]
    widths = [_columns(cell) for cell in shown]
    first, last = _window(widths, start - left, whole=len(line) == len(shown))
    marked = sum(widths[start - left : min(end - left, last)])
    before = ("…" if left + first else "") + "".join(shown[first : start - left])
    after = "".join(shown[start - left : last]) + ("…" if left + last < len(line) else "")
    return number, before + after, " " * _columns(before) + sign * max(marked, 1)


def _window(widths: list[int], start: int, *, whole: bool) -> tuple[int, int]:
    """The characters to show so that they fit with a `…` at both ends: half of the room goes to what stands before."""
    if whole and sum(widths) <= WIDTH:
        return 0, len(widths)
    first, room = start, WIDTH // 2
    while first > 0 and widths[first - 1] <= room:
        first -= 1
        room -= widths[first]
    last, room = start, WIDTH - 2 - sum(widths[first:start])
    while last < len(widths) and widths[last] <= room:
        room -= widths[last]
        last += 1
    return first, last


def _columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(0 if category(c) in ("Mn", "Me") else 2 if east_asian_width(c) in "WF" else 1 for c in text)
