"""What to say about a token that cannot stand where it stands: mistakes that people make, as data."""

from __future__ import annotations

import re

from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.source import Source, Span
from .lexer import Token

# Words that can only start a statement, so an open bracket before them was forgotten.
STARTERS = ("INPUT", "TARGET", "STATE", "PARAM", "OUTPUT", "LET", "REPEAT", "TRAIN", "EXPECT", "VARIANT")

WORDS = {
    "ARROW": "`->`",
    "COMMA": "`,`",
    "EQUAL": "`=`",
    "COLON": "`:`",
    "SEMICOLON": "`;`",
    "NL": "the end of the line",
    "$END": "the end of the file",
    "NUMBER": "a number",
    "EXTENT": "an extent",
    "STRING": "a text in quotes",
    "NAME": "a name",
    "PRIMED": "a primed name",
}

# Habits of other languages: the word, what is said, and the way out.
HABITS = {
    "def": ("`def` is not in the language", "write `block name(c) { … }`"),
    "class": ("`class` is not in the language", "write `block name(c) { … }`"),
    "import": ("`import` is not in the language", 'write `use "file.net"`'),
    "while": ("`while` is not in the language", "a network is finite: write `repeat 3 { … }`"),
    "elif": ("`elif` is not in the language", "write `else if condition { … }`"),
    "return": ("`return` is not in the language", "the last value of a body is its result; or write `output name`"),
    "layer": ("`layer` is not in the language", "write the layer's name alone: `conv(64, 3)`"),
}

# A token before (None: any) and the token found: what is said, and the way out. The first that fits is taken.
PAIRS: tuple[tuple[str | None, str, str, str], ...] = (
    ("ARROW", "NL", "`->` has nothing on its right", "write the next layer, or take the arrow away"),
    ("ARROW", "RBRACE", "`->` has nothing on its right", "write the next layer, or take the arrow away"),
    ("ARROW", "ARROW", "two `->` in a row", "write a layer between them"),
    ("NL", "ARROW", "`->` has nothing on its left", "start with a value or a layer: `in -> conv(8, 3)`"),
    ("LBRACE", "ARROW", "`->` has nothing on its left", "start with a value or a layer: `in -> conv(8, 3)`"),
    ("COMMA", "COMMA", "two `,` in a row", "take one away"),
    (None, "RPAR", "`)` closes nothing", "take it away, or open it with `(`"),
    (None, "RSQB", "`]` closes nothing", "take it away, or open it with `[`"),
    (None, "RBRACE", "`}` closes nothing", "take it away, or open it with `{`"),
    (None, "EQUAL", "`=` cannot stand here", "write `==` to compare; an argument or a binding is `name = value`"),
    (None, "COLON", "`:` cannot stand here", "types are written `input x: f32[N, 3, 32, 32]`; bodies stand in `{ }`"),
    (None, "ELSE", "`else` without `if`", "write `if condition { … } else { … }` or `(a if condition else b)`"),
)


def explain(source: Source, tokens: list[Token], at: int, opened: list[str]) -> Diagnostic:
    """The diagnostic for the token at a place; `opened` are the brackets open there."""
    token = tokens[at]
    before = tokens[at - 1] if at else Token("NL", "", 0, 0)
    span = Span(source, token.start, max(token.end, token.start + (token.kind not in ("$END",))))
    message, help = _words(token, before, tokens[at + 1] if at + 1 < len(tokens) else token, opened)
    if token.kind in ("NL", "$END") and before.end:
        span = Span(source, before.start, before.end)
    if before.kind == "NAME" and before.text in HABITS and message.startswith("a statement"):
        message, help = HABITS[before.text]
        span = Span(source, before.start, before.end)
    return Diagnostic("syntax", message, span, help=help)


def _words(token: Token, before: Token, after: Token, opened: list[str]) -> tuple[str, str]:
    closes = {"RPAR": "(", "RSQB": "[", "RBRACE": "{"}
    for first, second, message, help in PAIRS:
        if second == token.kind and first in (None, before.kind):
            if token.kind in closes and closes[token.kind] in opened:
                break
            return message, help
    if token.kind == "PRODUCT" and token.text == "//" and before.kind in ("NL", "LBRACE"):
        return "`//` divides and rounds down; it starts no comment", "write `# …`"
    if token.kind == "EXTENT" or token.kind == "NUMBER":
        return (
            f"`{token.text}` cannot follow `{before.text.strip() or 'the line before'}`",
            "separate arguments with `,` and statements with a line end or `;`",
        )
    if token.text.isalpha() and token.kind == token.text.upper() and token.kind != "NAME":
        return (
            f"`{token.text}` is a word of the language and cannot stand here",
            "to use it as a name, change it a little: `" + token.text + "_`",
        )
    if not opened and token.kind not in ("NL", "$END"):
        return "a file holds `net`, `block`, `cell` and `use`", "write `net name { … }` around the network"
    found = WORDS.get(token.kind, f"`{token.text}`")
    if token.kind in ("NL", "$END"):
        return f"the statement ends too early, after `{before.text.strip()}`", "finish it, or take it away"
    if token.kind == "NAME":
        return (
            f"a statement does not go on with `{token.text}` after `{before.text.strip()}`",
            "feed one layer into the next with `->`, and start a statement on a line of its own",
        )
    return f"{found} cannot follow `{before.text.strip() or 'the line before'}`", "see docs/language.md for the form"


_NAMES = re.compile(r"#[^\n]*|\"[^\"\n]*\"|[A-Za-z_][A-Za-z0-9_]*")


def names_in(text: str) -> list[str]:
    """The names that stand in a piece of text."""
    return [word for word in _NAMES.findall(text) if word[0] not in '#"']
