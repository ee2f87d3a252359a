"""The canonical form of a text: its tokens with one spacing and one indentation; comments, line breaks and single blank
lines stay where the author put them.

A body that closes on another line has one statement a line; one that closes on its own line stays there. A line goes on
two spaces deeper than what it continues. Comments behind the code of neighbouring lines stand in one column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...grammar.lexer import CONTINUED, CONTINUES, Token
from ...grammar.parser import lex, parse
from ...runtime.record import Record, fresh
from ..limits import Limits
from ..source import Source

INDENT = 2
_GAP = re.compile(r"#[^\n]*|\n")
_OPEN = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_CLOSE = frozenset(_OPEN.values())
# What can end an operand, so that `-` behind it subtracts and a bracket behind it calls, indexes or sizes.
_ENDS = frozenset(("NAME", "PRIMED", "NUMBER", "EXTENT", "STRING", "RPAR", "RSQB", "IT", "IN"))
_TIGHT_BEFORE = frozenset(("RPAR", "RSQB", "COMMA", "SEMICOLON", "COLON", "DOT", "RANGE"))
_TIGHT_AFTER = frozenset(("LPAR", "LSQB", "DOT", "RANGE"))


class Line(Record, frozen=False):
    """One line of the result: its tokens' text, a comment, and how many blank lines stand before it."""

    indent: int
    text: str = ""
    comment: str = ""
    blank: bool = False


class _Bracket(Record, frozen=False):
    """An open bracket: what it is, the indentation of the line that opened it, of a body that of the statement, and
    whether it closes on its line."""

    kind: str
    indent: int
    single: bool


class _Layout(Record, frozen=False):
    lines: list[Line] = fresh(factory=list)
    open: list[_Bracket] = fresh(factory=list)
    previous: Token | None = None
    before: Token | None = None
    in_for: bool = False
    ended: bool = True

    def start(self, token: Token | None, blank: bool) -> None:
        """Start a line; `token` is its first, None for a comment alone."""
        closing = token is not None and token.kind in _CLOSE
        if closing and self.open:
            indent = self.open[-1].indent
        else:
            indent = self.open[-1].indent + INDENT if self.open else 0
            if self._goes_on(token):
                indent += INDENT
        first = not self.lines or self.lines[-1].text.endswith(tuple("([{"))
        self.lines.append(Line(indent, blank=blank and not first and not closing))

    def _goes_on(self, token: Token | None) -> bool:
        """Whether a line continues the statement or element of the line before."""
        last = self.previous
        if last is None or self.ended:
            return False
        if last.kind in ("LPAR", "LSQB", "LBRACE", "COMMA", "SEMICOLON"):
            inside = self.open and self.open[-1].kind != "LBRACE"
            return last.kind == "COMMA" and not inside
        if token is None:
            return False
        return not (token.kind == "ELSE" and last.kind == "RBRACE")

    def add(self, token: Token) -> None:
        line = self.lines[-1]
        if line.text and self._space(token):
            line.text += " "
        line.text += token.text
        self.in_for = token.kind == "FOR" or (self.in_for and token.kind != "IN")
        self.before, self.previous, self.ended = None if self.ended else self.previous, token, False

    def _space(self, token: Token) -> bool:
        last = self.previous
        assert last is not None
        if token.kind in _TIGHT_BEFORE or last.kind in _TIGHT_AFTER:
            return False
        if last.kind == "MINUS" and (self.before is None or self.before.kind not in _ENDS):
            return False
        if token.kind in ("LPAR", "LSQB") and last.kind in _ENDS:
            return last.kind == "IN" and self._heads_for(last)
        return True

    def _heads_for(self, token: Token) -> bool:
        """Whether an `in` is that of a `for`, whose list stands apart from it."""
        return re.match(r"\s*(?:\}\s*)?for\b[^{]*\bin$", self.lines[-1].text) is not None or bool(
            re.search(r"[;{]\s*for\b[^{;]*\bin$", self.lines[-1].text)
        )


def format_text(source: Source, limits: Limits) -> str:
    """The canonical form of a text that parses. Raises AssertionError if it would mean something else: a defect."""
    tokens = [token for token in lex(source, limits) if token.kind not in ("NL", "$END")]
    single = _single_lines(source.text, tokens)
    layout = _Layout()
    at = 0
    for place, token in enumerate(tokens):
        _gap(layout, source.text[at : token.start], token, tokens[place - 1] if place else None)
        _token(layout, token, single)
        at = token.end
    _gap(layout, source.text[at:], None, tokens[-1] if tokens else None)
    text = _write(layout.lines)
    same = parse(Source(source.name, text), limits)[0] == parse(source, limits)[0]
    assert same, "the formatted text means something else"
    return text


def _single_lines(text: str, tokens: list[Token]) -> set[int]:
    """The starts of the braces whose bodies close on the same line."""
    found, open = set(), []
    for token in tokens:
        if token.kind in _OPEN:
            open.append(token)
        elif token.kind in _CLOSE and open:
            opener = open.pop()
            if "\n" not in text[opener.end : token.start]:
                found.add(opener.start)
    return found


def _gap(layout: _Layout, gap: str, token: Token | None, last: Token | None) -> None:
    """Take over the line ends, blank lines and comments between two tokens."""
    newlines = 0
    for piece in _GAP.findall(gap):
        if piece == "\n":
            newlines += 1
            continue
        if newlines == 0 and layout.lines:
            layout.lines[-1].comment = piece.rstrip()
        else:
            layout.ended = layout.ended or _ends(last, token)
            layout.start(None, newlines > 1)
            layout.lines[-1].comment = piece.rstrip()
        newlines = 0
        layout.lines[-1].text = layout.lines[-1].text.rstrip()
    if token is None:
        return
    commented = bool(layout.lines and layout.lines[-1].comment)
    if newlines or commented or not layout.lines:
        layout.ended = layout.ended or _ends(last, token)
        layout.start(token, newlines > 1)
    elif token.kind == "RBRACE" and layout.open and not layout.open[-1].single:
        layout.start(token, blank=False)


def _ends(last: Token | None, token: Token | None) -> bool:
    """Whether a line end between these tokens ends a statement."""
    return last is None or (last.kind not in CONTINUES and (token is None or token.kind not in CONTINUED))


def _token(layout: _Layout, token: Token, single: set[int]) -> None:
    in_lines = bool(layout.open) and layout.open[-1].kind == "LBRACE" and not layout.open[-1].single
    if token.kind == "SEMICOLON" and (in_lines or not layout.open):
        # One statement a line: the line end does the work of the `;`.
        layout.previous, layout.ended = token, True
        layout.before = None
        return
    fresh = layout.previous is not None and layout.previous.kind in ("SEMICOLON", "LBRACE")
    if fresh and in_lines and layout.lines[-1].text and token.kind != "RBRACE":
        layout.ended = True
        layout.start(token, blank=False)
    if token.kind in _CLOSE and layout.open:
        layout.open.pop()
    layout.add(token)
    if token.kind in _OPEN:
        indent = layout.lines[-1].indent
        if token.kind == "LBRACE":
            # A body belongs to its whole statement, on whichever of its lines it opens.
            indent = layout.open[-1].indent + INDENT if layout.open else 0
        layout.open.append(_Bracket(token.kind, indent, token.start in single))


def _write(lines: Iterable[Line]) -> str:
    rows = [line for line in lines if line.text or line.comment]
    columns = _comment_columns(rows)
    out = []
    for row, column in zip(rows, columns, strict=True):
        text = " " * row.indent + row.text
        if row.comment:
            text = f"{text:<{column}}{row.comment}" if row.text else " " * row.indent + row.comment
        out.append(("\n" if row.blank else "") + text.rstrip() + "\n")
    return "".join(out)


def _comment_columns(rows: list[Line]) -> list[int]:
    """Where the comment behind each line's code starts: two spaces behind the longest of its neighbours."""
    columns = [0] * len(rows)
    start = 0
    while start < len(rows):
        end = start
        while end < len(rows) and rows[end].comment and rows[end].text and (end == start or not rows[end].blank):
            end += 1
        width = max((row.indent + len(row.text) for row in rows[start:end]), default=0) + 2
        columns[start:end] = [width] * (end - start)
        start = max(end, start + 1)
    return columns
