"""From text to tokens: one regular expression, and the rule where a line end ends a statement."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.limits import Limits
from ..compiler.source import Source, Span
from ..compiler.units import UNITS as NUMBER_UNITS


class Token(NamedTuple):
    """`kind` is a terminal of the grammar, or BAD for text that was reported and is none."""

    kind: str
    text: str
    start: int
    end: int


# After these a statement goes on on the next line, and before those.
CONTINUES = frozenset((
    "LPAR", "LSQB", "LBRACE", "COMMA", "SEMICOLON", "ARROW", "EQUAL", "SUM", "MINUS", "PRODUCT", "CMP", "RANGE", "AND",
    "OR", "NOT",
))  # fmt: skip
CONTINUED = frozenset(("RPAR", "RSQB", "ARROW", "ELSE"))
_BRACES = {"LBRACE": 1, "RBRACE": -1}
_BRACKETS = {"LPAR": 1, "LSQB": 1, "RPAR": -1, "RSQB": -1}
# What stands between tokens; it gives nothing back, so that what follows is looked for in one place alone.
_SPACE = r"(?:[ \t]++|#[^\n]*+)*+"
_WORD = re.compile(r"\w+")
# What may not touch the end of a number: a letter or digit, or a point that is neither `..` nor a field's.
_STRAY = re.compile(r"\w|\.(?![.A-Za-z_])")
_NUMBER = re.compile(r"(?:\w|\.(?!\.))+")
_QUOTED = re.compile(r"'([^'\n]*)'")
_DIGITS = re.compile(r"[0-9][0-9_]*(\.[0-9]+)?", re.ASCII)
# The longest piece of the text that a message repeats.
LONGEST = 60
# The longest comment that is skipped as a whole.
COMMENT = 10_000
# What people write behind numbers, in small letters, and the unit here.
UNITS = {**{u.lower(): u for u in NUMBER_UNITS}, "kb": "K", "mb": "M", "gb": "G", "b": ""}


class TooMuch(Exception):
    """A limit of the lexer is exceeded; nothing more is read of the text."""

    def __init__(self, message: str, span: Span, help: str = "") -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic("limit", message, span, help=help)


class Lexer:
    """Cuts a text into tokens by the tables' terminals."""

    def __init__(self, terminals: list[tuple[str, str]], literals: dict[str, str]) -> None:
        self._words = {text: kind for text, kind in literals.items() if text.isalpha()}
        signs = sorted((text for text in literals if not text.isalpha()), key=len, reverse=True)
        named = [f"(?P<{name}>{pattern})" for name, pattern in terminals if name != "ERROR"]
        named.append(f"(?P<SIGN>{'|'.join(map(re.escape, signs))})")
        self._signs = {text: literals[text] for text in signs}
        self._pattern = re.compile(f"{_SPACE}(?:{'|'.join(named)}|(?P<NONE>))", re.ASCII)

    def tokens(self, source: Source, limits: Limits, report: Callable[[Diagnostic], None]) -> list[Token]:
        """All tokens and a last `$END`. Raises TooMuch."""
        text = source.text
        match = self._pattern.match
        found: list[Token] = []
        add = found.append
        at, size, braces, brackets, last = 0, len(text), 0, 0, "NL"
        while at < size:
            hit = match(text, at)
            assert hit is not None
            kind = hit.lastgroup or ""
            at, end = hit.span(kind)
            if at == size:
                break
            if kind == "NONE":
                token = self._bad(source, at, report)
                add(token)
                at, last = token.end, token.kind
                continue
            word = text[at:end]
            if kind == "NL":
                at = end
                if last != "NL" and last not in CONTINUES:
                    add(Token("NL", word, at - 1, at))
                    last, brackets = "NL", 0
                continue
            if kind == "PRODUCT" and text.startswith("/*", at):
                at = self._comment(source, at, report)
                continue
            if kind == "SIGN":
                kind = self._signs[word]
                if kind in _BRACKETS or kind in _BRACES:
                    # A bracket ends with its statement, closed or not.
                    braces = max(braces + _BRACES.get(kind, 0), 0)
                    brackets = max(brackets + _BRACKETS[kind], 0) if kind in _BRACKETS else 0
                    if braces + brackets > limits.bracket_depth:
                        raise _too_deep(Span(source, at, end), limits)
            elif kind == "NAME":
                if end < size and text[end] > "\x7f" and text[end].isalnum():
                    token = self._bad(source, at, report)
                    add(token)
                    at, last = token.end, "BAD"
                    continue
                kind = self._words.get(word, "NAME")
                if len(word) > limits.name_chars:
                    message = f"a name of {len(word)} characters is over the limit of {limits.name_chars}"
                    raise TooMuch(message, Span(source, at, end), "shorten it")
            elif kind == "STRING" and len(word.encode()) > limits.string_bytes + 2:
                raise TooMuch(f"a text is over the limit of {limits.string_bytes:,} bytes", Span(source, at, end))
            if last == "NL" and kind in CONTINUED and found:
                found.pop()
            if (kind == "NUMBER" or kind == "EXTENT") and _STRAY.match(text, end):
                token = self._bad_number(source, at, report)
                add(token)
                at, last = token.end, "BAD"
                continue
            add(Token(kind, word, at, end))
            if len(found) > limits.tokens:
                raise _too_long(Span(source, at, end), limits)
            at, last = end, kind
        add(Token("$END", "", size, size))
        return found

    def _comment(self, source: Source, at: int, report: Callable[[Diagnostic], None]) -> int:
        """Report a comment as C has them; returns where it ends: with its line where nothing closes it."""
        text = source.text
        close, line = text.find("*/", at + 2, at + COMMENT), text.find("\n", at)
        end = close + 2 if close >= 0 else line if line >= 0 else len(text)
        inside = text[at + 2 : close if close >= 0 else end].strip()
        behind = text[end : end + LONGEST].partition("\n")[0].strip()
        help = f"write `# {inside}`" if inside else "take it away; a comment starts with `#`"
        if "\n" in inside or len(inside) > LONGEST:
            help = "start each of its lines with `#`"
        elif behind:
            help = "take it away, or write it at the end of the line, behind a `#`"
        report(Diagnostic("syntax", "a comment starts with `#`, not with `/*`", Span(source, at, end), help=help))
        return end

    def _bad(self, source: Source, at: int, report: Callable[[Diagnostic], None]) -> Token:
        """Report text that is no token, whole words at once. A text in single quotes is one all the same, and a `^` is
        left to the parser, which knows what stands around it."""
        char = source.text[at]
        if char == "^":
            return Token("CARET", char, at, at + 1)
        quoted = _QUOTED.match(source.text, at)
        if quoted is not None:
            help = f'write `"{quoted[1]}"`' + ("; a word stands in none" if quoted[1].isidentifier() else "")
            span = Span(source, at, quoted.end())
            report(Diagnostic("bad-character", "texts stand in double quotes", span, help=help))
            return Token("STRING", quoted.group(), at, quoted.end())
        word = _WORD.match(source.text, at)
        after = source.text[at + 1 : at + 2]
        end = word.end() if word else at + 1 + ((char in "&|" and after == char) or (char in "~≈" and after == "="))
        span = Span(source, at, end)
        if char == '"':
            stop = source.text.find("\n", at)
            span = Span(source, at, len(source.text) if stop < 0 else stop)
            report(
                Diagnostic(
                    "unclosed-bracket",
                    "a text in quotes is not closed on its line",
                    Span(source, at, at + 1),
                    help='end it with `"` on the same line',
                )
            )
        elif word:
            report(
                Diagnostic(
                    "bad-character",
                    f"`{word.group()}` has letters or digits beyond ASCII",
                    span,
                    notes=("names and numbers are ASCII, so that no two look alike",),
                    help="use a to z, 0 to 9 and `_`; comments may use any letters",
                )
            )
        else:
            hint = _SIGNS.get(span.text) or _SIGNS.get(char, "delete it")
            message = f"`{span.text}` (U+{ord(char):04X}) has no meaning here"
            report(Diagnostic("bad-character", message, span, help=hint))
        return Token("BAD", "", span.start, span.end)

    def _bad_number(self, source: Source, at: int, report: Callable[[Diagnostic], None]) -> Token:
        from string import ascii_letters

        word = _NUMBER.match(source.text, at)
        assert word is not None
        span = Span(source, at, word.end())
        digits = span.text.rstrip(ascii_letters)
        unit = UNITS.get(span.text[len(digits) :].lower())
        help = "write `10`, `1_000`, `0.5`, `4e-4`, `3x5`, or with K, M, G, KiB, MiB or GiB behind"
        if span.text.endswith("."):
            help = "a number has digits on both sides of its point: `1.0`"
        elif unit is not None and _DIGITS.fullmatch(digits):
            help = f"write `{digits}{unit}`; K, M, G are powers of 1000, KiB, MiB, GiB of 1024"
        report(Diagnostic("number", f"`{span.text}` is not a number", span, help=help))
        return Token("BAD", "", at, word.end())


def _too_deep(span: Span, limits: Limits) -> TooMuch:
    message = f"more than {limits.bracket_depth} brackets are open here"
    return TooMuch(message, span, "name a part of it: `let x = …`, or a block")


def _too_long(span: Span, limits: Limits) -> TooMuch:
    message = f"the file has more than {limits.tokens:,} words, numbers and signs"
    return TooMuch(message, span, "repeat with `repeat`, `for` and blocks, or raise it with `--limit tokens=…`")


_APART = "a figure is a whole number: compare it exactly, or with both ends, `params >= 60M and params <= 61M`"
_SIGNS = {
    "~=": _APART,
    "≈": _APART,
    "≈=": _APART,
    "≤": "write `<=`",
    "≥": "write `>=`",
    "≠": "write `!=`",
    "$": "names have no `$`: write the name alone",
    "@": "decorators and the matrix product `@` are not in the language; `fc` is the layer for it",
    "&": "write `and`",
    "|": "write `or`, or `->` to feed one layer into the next",
    "!": "write `not`, or `!=`",
    "~": "write `not`",
    "?": "write `a if condition else b`",
    "\\": "a line goes on by itself after `,`, `->`, an operator or an open bracket",
    "'": "texts stand in double quotes; `'` follows the name of a state, as in `h'`",
    "`": "delete it",
    "×": "write `x`, as in `3x5`, or `*`",
    "→": "write `->`",
}

_NAMES = re.compile(r"#[^\n]*|\"[^\"\n]*\"|[A-Za-z_][A-Za-z0-9_]*")


def names_in(text: str) -> list[str]:
    """The names that stand in a piece of text."""
    return [word for word in _NAMES.findall(text) if word[0] not in '#"']
