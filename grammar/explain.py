"""From a token that cannot stand where it stands to the diagnostic that explains it."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from ..compiler.diagnostics.diagnostic import Diagnostic, Label
from ..compiler.source import Source, Span
from ..compiler.syntax import tree
from .automaton import OPENERS, Automaton
from .echo import Echo
from .lexer import UNITS, Token
from .mistakes import EXPECTED, FORMS, HABITS, IMPORTS, LIBRARIES, MISTAKES, NAMES, RESULTS, Mistake

_SHOWN = {"NL": "the end of the line", "$END": "the end of the file"}
_HOLE = re.compile(r"<([a-z]+)>")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(?![0-9_])", re.ASCII)
# How far ahead a `=` is looked for.
NEAR = 12
_START = Token("NL", "", 0, 0)


class Place(NamedTuple):
    """Where a token is refused: `start` and `first` are the place and the first word of its statement, `form` is how
    such a statement is written, and `name` what it names.

    `flags` say more. start: the token is the first of its statement; top: no body is open; begun: something is before
    it at the top; bracket: `(` or `[` is open; complete, ended: an expression or a statement is complete before the
    token; name, body: a name or `{` may stand here; choice: `else` must; bound: the statement has a `=`; assigned: one
    stands a few tokens further on; arrow: `=>` is written here; touching: no space is before the token; fed: `->`
    stands before the token before; field: a `.` does; braced: `{` follows the token; listed: only names do; index: the
    token is in square brackets behind a name; called: it opens braces behind a name that its line closes; times: it is
    the `x` of an extent with spaces; unit: it is the unit of a number; grouped: the token before starts a number such
    as 61,706; slashes: `//` stands before it in the line, or is it; cell: a cell is around it; header: the statement
    has a word or is a setting, `header:KIND` says which; `in:KIND`: the word of the body around it. The recovery adds
    nested, separate and apart.
    """

    source: Source
    before: Token
    token: Token
    start: int
    first: str
    form: str
    name: str
    flags: frozenset[str]


def explain(machine: Automaton, tokens: list[Token], at: int, *found: str, instead: Token | None = None) -> Diagnostic:
    """The diagnostic for a refused token, or for another one in its place; `found` are flags that the caller adds."""
    place, echo = _place(machine, tokens, at, frozenset(found), instead)
    habit = _capital(place) or _habit(place, echo)
    if habit is not None:
        return habit
    token, before = place.token, place.before
    mistake = next(
        mistake
        for mistake, kinds, needed, refused in _candidates(token.kind, is_word(token))
        if needed <= place.flags
        and not refused & place.flags
        and (not kinds or before.kind in kinds or ("word" in kinds and is_word(before)))
    )
    words = {
        "token": _shown(token),
        "before": _shown(before) if before.end and before.kind != "NL" else "the line before",
        "text": token.text,
        "sign": before.text,
        "grouped": _grouped(place.source.text, before).replace(",", "_"),
    }
    if "<expected>" in mistake.help:
        words["expected"] = expected(machine)
    words["name"] = place.name
    words["form"] = _filled(place.form, words, echo)
    marked = before if before.end and (mistake.blame == "before" or token.kind == "$END") else token
    span = Span(place.source, marked.start, marked.end)
    if mistake.blame == "slashes":
        slashes = place.source.text.rindex("//", 0, marked.end)
        span = Span(place.source, slashes, slashes + 2)
    return Diagnostic("syntax", _filled(mistake.message, words, echo), span, help=_filled(mistake.help, words, echo))


def _place(
    machine: Automaton, tokens: list[Token], at: int, found: frozenset[str], instead: Token | None
) -> tuple[Place, Echo]:
    token, before = instead or tokens[at], tokens[at - 1] if at else _START
    if before.kind == "NL" and "apart" in found:
        before = tokens[at - 2]
    start = machine.statement()
    values = machine.values[start:]
    word = values[0].kind if values and isinstance(values[0], Token) else ""
    around = body_word(machine)
    header = word if word in FORMS else "SETTING" if around in ("TRAIN", "VARIANT", "RULE") else ""
    text = machine.source.text
    _, column = machine.source.position(token.start)
    offset = (*machine.starts, token.start)[start]
    first = _NAME.match(text, offset)
    opened = machine.opened()
    echo = Echo(text, tokens, at, offset)
    flags = {
        "start": not values,
        "top": all(opener.kind != "LBRACE" for opener in opened),
        "begun": bool(machine.values),
        "bracket": bool(opened) and opened[-1].kind != "LBRACE",
        "complete": machine.accepts("ARROW"),
        "ended": machine.accepts("NL"),
        "name": machine.accepts("NAME"),
        "body": machine.accepts("LBRACE"),
        "choice": machine.accepts("ELSE") and not machine.accepts("NL"),
        "bound": any(isinstance(value, Token) and value.kind == "EQUAL" for value in values),
        "arrow": text.startswith("=>", token.start),
        "touching": before.end == token.start,
        "grouped": bool(_grouped(text, before)),
        "slashes": text.find("//", max(offset, token.start - column + 1), token.start + 2) >= 0,
        "fed": at >= 2 and tokens[at - 2].kind == "ARROW",
        "field": at >= 2 and tokens[at - 2].kind == "DOT",
        "braced": tokens[min(at + 1, len(tokens) - 1)].kind == "LBRACE",
        "listed": echo.listed,
        "index": bool(opened) and opened[-1].kind == "LSQB" and bool(echo.call()),
        "called": before.end == token.start and token.kind == "LBRACE" and bool(echo.call()),
        "times": bool(echo.extent()),
        "assigned": any(after.kind == "EQUAL" for after in tokens[at : at + NEAR]),
        "cell": any(isinstance(value, Token) and value.kind == "CELL" for value in machine.values),
        "unit": token.text.lower() in UNITS,
        "header": bool(header),
        f"header:{header}": True,
        f"in:{around}": True,
    }
    place = Place(
        machine.source,
        before,
        token,
        offset,
        first.group() if first else "",
        FORMS.get(header, ""),
        _own_name(machine, header, token),
        found | {flag for flag, holds in flags.items() if holds},
    )
    return place, echo


def _own_name(machine: Automaton, header: str, token: Token) -> str:
    """The name that a statement with a header declares, or one that it might."""
    values = [*machine.values[machine.statement() + 1 :], token]
    named = [value for value in values if isinstance(value, tree.Name) or getattr(value, "kind", "") == "NAME"]
    # A list of states and weights is read up to the one at fault.
    own = named[-1 if header in ("STATE", "PARAM") else 0] if named else None
    return own.span.text if isinstance(own, tree.Name) else own.text if own else NAMES.get(header, "name")


def _grouped(text: str, token: Token) -> str:
    """The number that starts at a token and has commas between its thousands; empty when there is none."""
    found = _GROUPED.match(text, token.start)
    return found.group() if found else ""


def body_word(machine: Automaton) -> str:
    """The terminal of the word whose body is around the statement being read; empty for an item's, or at the top."""
    values = machine.values
    brace = machine.statement() - 1
    while brace >= 0 and not (isinstance(values[brace], Token) and values[brace].kind == "LBRACE"):
        brace -= 1
    words = [value.kind for value in values[max(brace - 2, 0) : max(brace, 0)] if isinstance(value, Token)]
    return next((word for word in words if word in FORMS), "")


@cache
def _candidates(kind: str, word: bool) -> list[tuple[Mistake, frozenset[str], frozenset[str], frozenset[str]]]:
    """The mistakes of a token of a kind: each with the kinds before it, and the flags that it needs and refuses."""
    found = []
    for mistake in MISTAKES:
        kinds, flags = mistake.tokens.split(), mistake.flags.split()
        if not kinds or kind in kinds or (word and "word" in kinds):
            needed = frozenset(flag for flag in flags if flag[0] != "!")
            refused = frozenset(flag[1:] for flag in flags if flag[0] == "!")
            found.append((mistake, frozenset(mistake.before.split()), needed, refused))
    return found


def is_word(token: Token) -> bool:
    """Whether a token is a word of the language."""
    return token.text.isalpha() and token.text.upper() == token.kind


def expected(machine: Automaton) -> str:
    """What may stand here, in words."""
    words = [word for kind, word in EXPECTED if machine.accepts(kind)]
    if "a value" in words and "a name" in words:
        words.remove("a name")
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1] if words else "nothing")))


def _shown(token: Token) -> str:
    text = token.text if len(token.text) <= 40 else token.text[:39] + "…"
    return _SHOWN.get(token.kind, f"`{text}`")


def _filled(template: str, words: dict[str, str], echo: Echo) -> str:
    return _HOLE.sub(lambda hole: words[hole[1]] if hole[1] in words else echo[hole[1]], template)


def _foreign(place: Place) -> bool:
    """Whether a statement that starts with a name goes on as one does that starts with a word."""
    return (
        "start" in place.flags
        or (place.before.start == place.start and place.token.kind not in ("EQUAL", "COMMA"))
        or (place.token.kind in ("LBRACE", "COLON") and "header" not in place.flags)
    )


def _capital(place: Place) -> Diagnostic | None:
    """A statement that starts with a word of the language in capitals."""
    word = place.first
    small = word.lower()
    if word == small or small.upper() not in FORMS or not _foreign(place):
        return None
    span = Span(place.source, place.start, place.start + len(word))
    return Diagnostic("syntax", f"`{small}` is written in small letters", span, help=f"write `{small}`")


def _habit(place: Place, echo: Echo) -> Diagnostic | None:
    """A statement that starts with a word of another language, and goes on as that one would."""
    word = place.first
    if word not in HABITS or not _foreign(place):
        return None
    message, help = f"`{word}` is not a word of the language", _filled(HABITS[word], {}, echo)
    if word == "from":
        message = "`from` starts no statement"
    if word in RESULTS and echo.listed:
        # The last value is the result of a cell too, but what its text ends with is any of its states.
        alone = "" if "cell" in place.flags else ", or leave it out: the last value of a body is its result"
        help = f"write `output {echo.rest()}`{alone}"
    elif word in IMPORTS and echo.module in LIBRARIES:
        help = "take it away: all layers are there, and no other library is"
    return Diagnostic("syntax", message, Span(place.source, place.start, place.start + len(word)), help=help)


def unclosed(source: Source, opener: Token) -> Diagnostic:
    """A bracket that is not closed before its statement ends, or a brace that never is."""
    closer = {"(": ")", "[": "]", "{": "}"}[opener.text]
    brace = opener.text == "{"
    return Diagnostic(
        "unclosed-bracket",
        f"unclosed `{opener.text}`",
        Span(source, opener.start, opener.end),
        label="opened here, and never closed" if brace else "opened here, and not closed before the statement ends",
        help=f"write `{closer}`" + ("" if brace else ", or end the line after a `,` or an operator to go on"),
    )


def mismatch(source: Source, opener: Token, token: Token) -> Diagnostic:
    """A bracket that is closed by one of another kind."""
    closer = {"RPAR": ")", "RSQB": "]"}[OPENERS[opener.kind]]
    return Diagnostic(
        "syntax",
        f"`{opener.text}` is closed by `{token.text}`",
        Span(source, token.start, token.end),
        labels=(Label(Span(source, opener.start, opener.end), "opened here"),),
        help=f"write `{closer}`",
    )
