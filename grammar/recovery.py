"""Panic-mode recovery: each independent mistake is reported once, and the statements around it are kept.

The rest of a broken statement is skipped, the stacks are cut back to where the statement started, and Broken is put
there. The header of a body is mended instead, with names that no text can hold, so that the body is read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from functools import cached_property

from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.syntax import tree
from .automaton import OPENERS, Automaton, Run
from .explain import body_word, explain, mismatch, unclosed
from .lexer import Token, names_in

ITEMS = {"USE": "STRING", "BLOCK": "NAME", "CELL": "NAME", "NET": "NAME"}
# Words that, at the start of a line, start a statement: what stands before them is over.
STARTERS = frozenset(
    ("INPUT", "TARGET", "STATE", "PARAM", "OUTPUT", "LET", "REPEAT", "FOR", "IF", "TRAIN", "EXPECT", "VARIANT")
)
# What is put between a header's word and its body when the header did not parse.
HOLES: dict[str, tuple[str, ...]] = {
    "NET": ("NAME",),
    "BLOCK": ("NAME",),
    "CELL": ("NAME",),
    "REPEAT": ("NAME",),
    "FOR": ("NAME", "IN", "NAME"),
    "IF": ("NAME",),
    "ELSE": (),
    "TRAIN": (),
    "EXPECT": (),
    "VARIANT": ("NAME",),
}
# Headers whose name is kept when it was read: nothing else depends on what follows it.
NAMED = ("NET", "VARIANT")
ENDS = ("NL", "SEMICOLON", "RBRACE", "LBRACE")
_DEPTH = {"LPAR": 1, "LSQB": 1, "RPAR": -1, "RSQB": -1}


class Recovery:
    """Gets a stuck automaton going again. `suspects` are the names in text that was thrown away."""

    def __init__(self, machine: Automaton, tokens: list[Token], report: Callable[[Diagnostic], None]) -> None:
        self.machine = machine
        self.source = machine.source
        self.tokens = tokens
        self.report = report
        self.suspects: set[str] = set()

    def run(self, at: int) -> None:
        """Feed the tokens from one on; at each place where one is refused there is one chance, then it is left out."""
        tried = -1
        while at < len(self.tokens):
            if self.machine.feed(self.tokens[at]):
                at += 1
            elif at > tried:
                tried = at
                at = self.resume(at)
            elif at < len(self.tokens) - 1:
                at += 1
            else:
                self.machine.cut(len(self.machine.values))

    def resume(self, at: int) -> int:
        """Report the mistake at a token that the automaton refuses; returns the place of the token to go on with."""
        kind = self.tokens[at].kind
        if kind == "BAD":
            return self._skip(at)
        if kind == "$END":
            return self._unfinished_file(at)
        if self._starts_item(at) and self._in_body():
            return self._item_in_body(at)
        if self._line_was_complete(at):
            self._feed("NL", at)
            if self.machine.accepts(kind):
                self._explain(at, "separate")
                return at
        if kind in STARTERS and self._fresh(at) and self._closes_too_late(at):
            return self._unclosed_settings(at)
        if kind == "COLON" and self._gives_value(at):
            self._explain(at)
            self._feed("EQUAL", at)
            return at + 1
        over = self._next_statement(at)
        if over is not None:
            return self._unfinished_statement(over)
        if kind in ("NL", "COLON") and self.machine.accepts("LBRACE"):
            return self._missing_brace(at)
        bracket = self._bracket()
        if bracket is not None and kind in ("RPAR", "RSQB") and kind != OPENERS[bracket.kind]:
            self.report(mismatch(self.source, bracket, self.tokens[at]))
        elif bracket is not None and kind in ENDS and not self._closes_on_line(at):
            self._unclosed(bracket)
        else:
            self._explain(at)
        return self._skip(at)

    # What went wrong

    def _fresh(self, at: int) -> bool:
        """Whether a token is the first of its line."""
        before = self.tokens[at - 1].end if at else 0
        return at == 0 or "\n" in self.source.text[before : self.tokens[at].start] or self.tokens[at - 1].kind == "NL"

    def _in_body(self) -> bool:
        return any(opener.kind == "LBRACE" for opener in self.machine.opened())

    def _bracket(self) -> Token | None:
        """The round or square bracket that is open in the statement."""
        opened = self.machine.opened()
        return opened[-1] if opened and opened[-1].kind != "LBRACE" else None

    def _starts_item(self, at: int) -> bool:
        wanted = ITEMS.get(self.tokens[at].kind)
        first = self._fresh(at) or self.tokens[at - 1].kind in ("LBRACE", "RBRACE", "SEMICOLON")
        return wanted is not None and first and self.tokens[at + 1].kind == wanted

    def _line_was_complete(self, at: int) -> bool:
        """Whether a statement ended before this token, although the lexer saw no end, or there is none."""
        kind = self.tokens[at].kind
        ended = self.tokens[at - 1].kind == "RBRACE" or (kind in ("ARROW", "ELSE") and self._fresh(at))
        return ended and kind != "NL" and self.machine.accepts("NL")

    def _next_statement(self, at: int) -> int | None:
        """Where the next statement starts, if this token shows that one before it was never finished."""
        kind, after = self.tokens[at].kind, self.tokens[min(at + 1, len(self.tokens) - 1)].kind
        pending = self.machine.statement() < len(self.machine.values)
        if kind in STARTERS and self._fresh(at) and after != "EQUAL" and pending:
            return at
        if kind == "EQUAL" and at > 1 and self.tokens[at - 1].kind in ("NAME", "PRIMED") and self._fresh(at - 1):
            return at - 1 if self.tokens[at - 2].kind not in ("NL", "LBRACE", "SEMICOLON") else None
        return None

    def _closes_too_late(self, at: int) -> bool:
        """Whether a statement stands among settings or conditions because the `}` before it is missing."""
        among = body_word(self.machine) in ("TRAIN", "EXPECT", "VARIANT", "RULE")
        return among and self.machine.statement() == len(self.machine.values) and self._braces[1][at] > 0

    def _gives_value(self, at: int) -> bool:
        """Whether a `:` stands where the `=` of an argument or a setting does."""
        named = self.tokens[at - 1].kind == "NAME" and self.machine.accepts("EQUAL")
        return named and (self._brackets() > 0 or body_word(self.machine) in ("TRAIN", "VARIANT", "RULE"))

    def _brackets(self) -> int:
        """How many round and square brackets are open in the statement."""
        opened = self.machine.opened()
        braces = [place for place, opener in enumerate(opened) if opener.kind == "LBRACE"]
        return len(opened) - 1 - (braces[-1] if braces else -1)

    def _closes_on_line(self, at: int) -> bool:
        """Whether the open bracket is closed further on in the line."""
        depth = 1
        while depth and self.tokens[at].kind not in ("NL", "$END", "LBRACE", "RBRACE"):
            depth += _DEPTH.get(self.tokens[at].kind, 0)
            at += 1
        return depth == 0

    @cached_property
    def _braces(self) -> tuple[list[int], list[int]]:
        """For each token, how many braces are open before it, and the fewest that are after any token from it on."""
        depths, depth = [], 0
        for token in self.tokens:
            depths.append(depth)
            depth += (token.kind == "LBRACE") - (token.kind == "RBRACE")
        lowest = [*depths[1:], depth]
        for place in range(len(lowest) - 2, -1, -1):
            lowest[place] = min(lowest[place], lowest[place + 1])
        return depths, lowest

    def _header(self) -> int | None:
        """The place of the word that the next body of the statement being read belongs to."""
        values, place = self.machine.values, self.machine.statement()
        if place == len(values) or not isinstance(values[place], Token) or values[place].kind not in HOLES:
            return None
        for at in range(place + 1, len(values)):
            before, value = values[at - 1], values[at]
            if isinstance(value, Token) and value.kind == "ELSE" and isinstance(before, tree.Body | Run):
                place = at
        after = values[place + 1] if place + 1 < len(values) else None
        if values[place].kind == "ELSE" and isinstance(after, Token) and after.kind == "IF":
            place += 1
        return place

    # What to do about it

    def _unfinished_file(self, at: int) -> int:
        if self._in_body():
            self._report_open(at)
        else:
            self._explain_end(at)
        self._abandon(at, at)
        self._close_bodies(at)
        return at

    def _item_in_body(self, at: int) -> int:
        """An item inside a body: either it is written there, or a `}` before it is missing."""
        depths, lowest = self._braces
        if self._bracket() is None and lowest[at] < depths[at]:
            self._explain(at, "nested")
            return self._skip(at)
        self._report_open(at)
        self._abandon(at, at)
        self._close_bodies(at)
        self._feed("NL", at)
        return at

    def _unfinished_statement(self, at: int) -> int:
        """A statement that the next one, at a place, shows to be unfinished."""
        end = self.tokens[at - 1].end
        self._explain_end(at, Token("NL", "", end, end))
        self._abandon(at, at)
        self._feed("NL", at)
        return at

    def _unclosed_settings(self, at: int) -> int:
        """A statement after settings or conditions that no `}` closes."""
        self._unclosed(self.machine.opened()[-1])
        self._feed("RBRACE", at)
        self._feed("NL", at)
        return at

    def _missing_brace(self, at: int) -> int:
        """A header without `{` in its line: it stands in the next line, or only its `}` does, or there is no body."""
        line_end = at if self.tokens[at].kind == "NL" else at + 1
        after = line_end + (self.tokens[line_end].kind == "NL")
        if self.tokens[after].kind == "LBRACE":
            if line_end == at:
                self._explain(after, "apart")
            else:
                self._explain(at)
            return after
        self._explain(at)
        depths, _ = self._braces
        if depths[-1] < 0:
            # A `}` too many in the file: it is the partner of the brace that is missing here.
            depths[-1] += 1
            self._feed("LBRACE", at)
            return line_end
        return self._skip(at)

    def _skip(self, at: int) -> int:
        """Throw the rest of the statement away, or only what is left of the header of a body."""
        first, in_body, same_line = at, self._in_body(), True
        depth = self._brackets()
        if depth and not self._closes_on_line(at):
            depth = 0
        while self.tokens[at].kind != "$END":
            kind = self.tokens[at].kind
            if in_body and (kind in ("NL", "RBRACE") or (kind == "SEMICOLON" and depth <= 0)):
                break
            if kind == "NL":
                if self._starts_item(at + 1):
                    break
                same_line = False
            if kind == "LBRACE":
                if same_line and self._mend_header(first, at):
                    return at
                at = self._last_of_body(at)
            depth += _DEPTH.get(self.tokens[at].kind, 0)
            at += 1
        self._abandon(first, at)
        return at

    def _last_of_body(self, at: int) -> int:
        """The place of the `}` for a `{`, or of the last token before the end or the line of a new item."""
        depth = 0
        while True:
            depth += (self.tokens[at].kind == "LBRACE") - (self.tokens[at].kind == "RBRACE")
            after = self.tokens[at + 1].kind
            if depth == 0 or after == "$END" or (after == "NL" and self._starts_item(at + 2)):
                return at
            at += 1

    def _mend_header(self, first: int, at: int) -> bool:
        """Make the automaton take the `{` at a place for the body of the statement being read."""
        machine, word = self.machine, self._header()
        if word is None:
            return False
        start = self.tokens[first].start
        if not machine.accepts("LBRACE") or any(token.kind != "COLON" for token in self.tokens[first:at]):
            keep, holes = word + 1, HOLES[machine.values[word].kind]
            if machine.values[word].kind in NAMED and isinstance((*machine.values, None)[keep], tree.Name):
                keep, holes = keep + 1, ()
            start = (*machine.starts, start)[keep]
            machine.cut(len(machine.values) - keep)
            for hole in holes:
                self._hole(hole, start, self.tokens[at - 1].end)
        self._suspect(start, self.tokens[at].start)
        return machine.accepts("LBRACE")

    def _hole(self, kind: str, start: int, end: int) -> None:
        """Feed a token in place of text that did not parse. The name in it stands in no text, and is a suspect."""
        name = f"?{start}"
        if kind == "NAME":
            self.suspects.add(name)
        self.machine.feed(Token(kind, name, start, max(start, end)))

    def _abandon(self, first: int, at: int) -> None:
        """Put Broken in place of what is read of a statement and of the tokens from one up to another."""
        machine = self.machine
        place = machine.statement()
        if place == len(machine.values) and first == at:
            return
        start = (*machine.starts, self.tokens[first].start)[place]
        machine.cut(len(machine.values) - place)
        end = self.tokens[at - 1].end
        machine.feed(Token("ERROR", "", start, end))
        self._suspect(start, end)

    def _close_bodies(self, at: int) -> None:
        """Close the open bodies that a new item, or the end of the file, shows to be unclosed."""
        machine = self.machine
        for opener in machine.opened():
            while opener.kind == "LBRACE" and not self._feed("RBRACE", at):
                machine.cut(1)

    def _feed(self, kind: str, at: int) -> bool:
        """Feed a sign that is missing in the text."""
        start = self.tokens[at].start
        return self.machine.feed(Token(kind, "", start, start))

    def _suspect(self, start: int, end: int) -> None:
        self.suspects.update(names_in(self.source.text[start:end]))

    # What to say

    def _explain(self, at: int, *found: str) -> None:
        self.report(explain(self.machine, self.tokens, at, *found))

    def _explain_end(self, at: int, instead: Token | None = None) -> None:
        """A statement that ends too early, because of its bracket or for another reason."""
        bracket = self._bracket()
        if bracket is not None:
            self._unclosed(bracket)
        else:
            self.report(explain(self.machine, self.tokens, at, instead=instead))

    def _unclosed(self, opener: Token) -> None:
        """An open bracket; one that is missing in the text was reported when it was put in."""
        if opener.text:
            self.report(unclosed(self.source, opener))

    def _report_open(self, at: int) -> None:
        """Report the bracket and the brace that are still open where an item starts or the file ends."""
        bracket = self._bracket()
        if bracket is not None:
            self._unclosed(bracket)
        self._unclosed(self._unclosed_brace(at))

    def _unclosed_brace(self, at: int) -> Token:
        """The brace whose `}` is missing: one with a `}` further left than its line, or else the innermost."""
        braces = [opener for opener in self.machine.opened() if opener.kind == "LBRACE"]
        opened: list[Token] = []
        for place in range(bisect_left(self.tokens, braces[0].start, key=lambda token: token.start), at):
            token = self.tokens[place]
            if token.kind == "LBRACE":
                opened.append(token)
            elif token.kind == "RBRACE" and opened:
                opener = opened.pop()
                if self._fresh(place) and self._column(token) < self._indent(opener):
                    return opener
        return braces[-1]

    def _column(self, token: Token) -> int:
        return self.source.position(token.start)[1]

    def _indent(self, token: Token) -> int:
        """The column where the line of a token starts."""
        line = self.source.line(self.source.position(token.start)[0])
        return len(line) - len(line.lstrip()) + 1
