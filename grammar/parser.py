"""Parsing: an LALR(1) automaton over the shipped tables, with panic-mode recovery.

On an unexpected token the mistake is reported, the rest of the statement is skipped, the stacks are popped to where a
statement may stand, and a Broken statement is put there. So each independent mistake is reported once.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.limits import DEFAULT_LIMITS, Limits
from ..compiler.source import Source, Span
from ..compiler.syntax import tree
from . import mistakes
from .build import Build
from .lexer import Lexer, Token, TooMuch

OPENERS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
CLOSERS = {closer: opener for opener, closer in OPENERS.items()}


class Tables:
    """The parse tables: `rules` as (left side, length, function, whether it is part of a repetition)."""

    def __init__(self) -> None:
        data = json.loads((Path(__file__).parent / "tables.json").read_text())
        self.lexer = Lexer(data["terminals"], data["literals"])
        self.rules: list[tuple[str, int, str, bool]] = [
            (left, length, alias, left.startswith("_")) for left, length, alias in data["rules"]
        ]
        self.actions: list[dict[str, int]] = data["actions"]
        self.end: int = data["end"]


@cache
def _tables() -> Tables:
    return Tables()


def parse(source: Source, limits: Limits = DEFAULT_LIMITS) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    """The syntax tree of a text, and its mistakes; what did not parse is left out of the tree."""
    found: list[Diagnostic] = []
    tables = _tables()
    try:
        tokens = tables.lexer.tokens(source, limits, found.append)
    except TooMuch as error:
        return tree.File(Span(source, 0, len(source.text)), ()), (*found, error.diagnostic)
    return _Parser(tables, source, tokens, limits, found).run()


class _Run(list[Any]):
    """The values of a repetition, which become children of the rule around it."""


class _Parser:
    def __init__(
        self, tables: Tables, source: Source, tokens: list[Token], limits: Limits, found: list[Diagnostic]
    ) -> None:
        self.tables = tables
        self.source = source
        self.tokens = tokens
        self.found = found
        build = Build(limits, found.append)
        self.build = [getattr(build, alias) if alias else None for _, _, alias, _ in tables.rules]
        self.states = [0]
        self.values: list[Any] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.suspects: set[str] = set()

    def run(self) -> tuple[tree.File, tuple[Diagnostic, ...]]:
        at, recovered = 0, -1
        while True:
            token = self.tokens[at]
            if self._feed(token):
                if token.kind == "$END":
                    break
                at += 1
            elif at > recovered:
                recovered = at
                at = self._recover(at)
            elif token.kind != "$END":
                # Even where a statement may end, this token cannot stand: leave it out.
                at += 1
            else:
                self._cut(1)
                self._feed(token)
                break
        self.found.sort(key=lambda d: d.span.start if d.span else 0)
        items = tuple(item for item in self.values[0] if not isinstance(item, Token | tree.Broken))
        file = tree.File(Span(self.source, 0, len(self.source.text)), items, frozenset(self.suspects))
        return file, tuple(self.found)

    def _feed(self, token: Token) -> bool:
        """Shift a token after all reductions that it allows; False when it cannot stand here."""
        actions, states = self.tables.actions, self.states
        kind = token.kind
        while True:
            action = actions[states[-1]].get(kind)
            if action is None:
                return False
            if action >= 0:
                states.append(action)
                if kind != "$END":
                    self.values.append(token)
                    self.starts.append(token.start)
                    self.ends.append(token.end)
                return True
            self._reduce(-1 - action)
            if kind == "$END" and states[-1] == self.tables.end:
                return True

    def _accepts(self, kind: str) -> bool:
        """Whether a token could be shifted, after the reductions that it allows."""
        actions, rules = self.tables.actions, self.tables.rules
        action = actions[self.states[-1]].get(kind)
        if action is None or action >= 0:
            return action is not None
        states = self.states[-64:]
        depth = len(self.states)
        while action is not None and action < 0:
            left, length, _, _ = rules[-1 - action]
            depth -= length
            if length:
                if length >= len(states):
                    states = self.states[:depth]
                else:
                    del states[-length:]
            state = actions[states[-1]][left]
            states.append(state)
            depth += 1
            if kind == "$END" and state == self.tables.end:
                return True
            action = actions[state].get(kind)
        return action is not None

    def _reduce(self, rule: int) -> None:
        left, length, _, repetition = self.tables.rules[rule]
        values, starts, ends = self.values, self.starts, self.ends
        if length:
            kids = values[-length:]
            start, end = starts[-length], ends[-1]
            del values[-length:], starts[-length:], ends[-length:], self.states[-length:]
        else:
            kids = []
            start = end = ends[-1] if ends else 0
        value: Any
        if repetition:
            value = _join(kids)
        elif length == 1 and self.build[rule] is None:
            value = kids if left == "start" else kids[0]
        else:
            if any(type(kid) is _Run for kid in kids):
                kids = [item for kid in kids for item in (kid if type(kid) is _Run else (kid,))]
            function = self.build[rule]
            value = function(Span(self.source, start, end), kids) if function else kids
        if left == "start" and value and type(value[0]) is _Run:
            value = [item for kid in value for item in (kid if type(kid) is _Run else (kid,))]
        values.append(value)
        starts.append(start)
        ends.append(end)
        self.states.append(self.tables.actions[self.states[-1]][left])

    # Recovery

    def _recover(self, at: int) -> int:
        """Report the mistake at a token and get to where parsing can go on; returns the next token's place."""
        token = self.tokens[at]
        opened = self._opened()
        inside = opened and opened[-1].kind != "LBRACE"
        if token.kind in ("BLOCK", "CELL", "NET", "USE") or token.kind == "$END":
            braces = [opener for opener in opened if opener.kind == "LBRACE"]
            if inside:
                self._report_unclosed(opened[-1])
            if braces:
                if not inside:
                    self._report_unclosed(braces[-1])
                self._pop_statement(token.start)
                self._close(len(braces), token)
                return at
        elif inside and token.kind in ("NL", "SEMICOLON", "RBRACE", "LBRACE", "EQUAL", *mistakes.STARTERS):
            self._report_unclosed(opened[-1])
        elif token.kind != "BAD":
            self.found.append(mistakes.explain(self.source, self.tokens, at, [o.text for o in opened]))
        return self._skip(at)

    def _skip(self, at: int) -> int:
        """Skip to the end of the statement, or to the body of a broken header."""
        first, depth = at, 0
        while True:
            token = self.tokens[at]
            if token.kind == "$END":
                break
            if depth == 0:
                if token.kind == "NL" or (token.kind in ("RBRACE", "SEMICOLON") and self._in_body()):
                    break
                if token.kind == "LBRACE" and self._header():
                    self._suspect(first, at)
                    return at
            depth += (token.kind == "LBRACE") - (token.kind == "RBRACE" and depth > 0)
            at += 1
        start = self._pop_statement(self.tokens[first].start)
        self._feed(Token("ERROR", "", start, max(start, self.tokens[at].start)))
        self._suspect_text(start, self.tokens[at].start)
        return at

    def _in_body(self) -> bool:
        return any(opener.kind == "LBRACE" for opener in self._opened())

    def _header(self) -> bool:
        """Pop to where the body of the broken statement's header may start; False when it has none."""
        for size in range(len(self.states), 0, -1):
            top = self.values[size - 1] if size <= len(self.values) else None
            actions = self.tables.actions[self.states[size - 1]]
            if "ERROR" in actions:
                return False
            if actions.get("LBRACE", -1) >= 0 or self._reduces_to_brace(size):
                self._cut(size)
                return True
            if isinstance(top, Token) and top.kind == "LBRACE":
                return False
        return False

    def _reduces_to_brace(self, size: int) -> bool:
        whole = self.states
        self.states = whole[:size]
        accepts = self._accepts("LBRACE")
        self.states = whole
        return accepts

    def _cut(self, size: int) -> None:
        del self.states[size:], self.values[size - 1 :], self.starts[size - 1 :], self.ends[size - 1 :]

    def _pop_statement(self, default: int) -> int:
        """Pop the statement that is being read; returns where it started."""
        start = default
        while "ERROR" not in self.tables.actions[self.states[-1]] and len(self.states) > 1:
            start = self.starts[-1]
            self._cut(len(self.states) - 1)
        return start

    def _close(self, braces: int, token: Token) -> None:
        """Close the open bodies that a new item, or the end of the file, shows to be unclosed."""
        for _ in range(braces):
            while not self._feed(Token("RBRACE", "}", token.start, token.start)):
                if "ERROR" in self.tables.actions[self.states[-1]]:
                    self._feed(Token("ERROR", "", token.start, token.start))
                    continue
                self._cut(len(self.states) - 1)
        if token.kind != "$END":
            self._feed(Token("NL", "\n", token.start, token.start))

    def _opened(self) -> list[Token]:
        """The brackets that are open, the outermost first."""
        return [value for value in self.values if isinstance(value, Token) and value.kind in OPENERS]

    def _report_unclosed(self, opener: Token) -> None:
        closer = {"(": ")", "[": "]", "{": "}"}[opener.text]
        self.found.append(
            Diagnostic(
                "unclosed-bracket",
                f"unclosed `{opener.text}`",
                Span(self.source, opener.start, opener.end),
                label="opened here, and not closed before the statement ends"
                if opener.text != "{"
                else "opened here, and never closed",
                help=f"write `{closer}`"
                + (", or end the line after a `,` or an operator to go on" if opener.text != "{" else ""),
            )
        )

    def _suspect(self, first: int, last: int) -> None:
        self.suspects.update(token.text for token in self.tokens[first:last] if token.kind in ("NAME", "PRIMED"))

    def _suspect_text(self, start: int, end: int) -> None:
        lexer_words = mistakes.names_in(self.source.text[start:end])
        self.suspects.update(lexer_words)


def _join(kids: list[Any]) -> _Run:
    """A repetition of rules with `_`: grown in place, so that long lists cost time in proportion to their length."""
    if kids and type(kids[0]) is _Run:
        run: _Run = kids[0]
        for kid in kids[1:]:
            run.extend(kid) if type(kid) is _Run else run.append(kid)
        return run
    return _join([_Run(), *kids])
