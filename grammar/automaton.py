"""The LALR(1) automaton: shifts and reductions by the shipped tables, on stacks that the recovery may cut."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.limits import Limits
from ..compiler.source import Source, Span
from .build import Build
from .lexer import Lexer, Token
from .tables import ACTIONS, END, LITERALS, RULES, TERMINALS

OPENERS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}


class Tables:
    """The parse tables: `rules` as (left side, length, function); those with no function collect a repetition.

    `passing` has the left side of each rule that only passes on what it read, by its action.
    """

    def __init__(self) -> None:
        self.lexer = Lexer(TERMINALS, LITERALS)
        self.rules = RULES
        self.actions = ACTIONS
        self.passing = {-1 - number: left for number, (left, _, alias) in enumerate(self.rules) if alias == "passed"}
        self.end = END

    def after(self, state: int, left: str, kind: str) -> int:
        """The state to go to from one where `left` was read and `kind` comes next.

        Most expressions are one name or number, which a dozen rules pass on: they are taken at one go.
        """
        gotos = self.actions[state]
        state = gotos[left]
        while left := self.passing.get(self.actions[state].get(kind, 0), ""):
            state = gotos[left]
        return state


@cache
def tables() -> Tables:
    return Tables()


class Run(list[Any]):
    """The values of a repetition, which become children of the rule around it."""


class Automaton:
    """One parse: `states` has one entry more than `values`, `starts` and `ends`, which describe what was read."""

    def __init__(self, source: Source, limits: Limits, report: Callable[[Diagnostic], None]) -> None:
        self.source = source
        self.tables = tables()
        build = Build(limits, report)
        self.build = [getattr(build, alias) if alias else None for _, _, alias in self.tables.rules]
        self.states = [0]
        self.values: list[Any] = []
        self.starts: list[int] = []
        self.ends: list[int] = []

    def feed(self, token: Token) -> bool:
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
            self._reduce(-1 - action, kind)
            if kind == "$END" and states[-1] == self.tables.end:
                return True

    def accepts(self, kind: str) -> bool:
        """Whether a token could be shifted, after the reductions that it allows."""
        actions, rules = self.tables.actions, self.tables.rules
        states = self.states[:]
        while True:
            action = actions[states[-1]].get(kind)
            if action is None or action >= 0:
                return action is not None
            left, length, _ = rules[-1 - action]
            del states[len(states) - length :]
            states.append(self.tables.after(states[-1], left, kind))
            if kind == "$END" and states[-1] == self.tables.end:
                return True

    def _reduce(self, rule: int, kind: str) -> None:
        """Reduce by a rule; `kind` comes next."""
        left, length, _ = self.tables.rules[rule]
        values, starts, ends = self.values, self.starts, self.ends
        if length:
            kids = values[-length:]
            start, end = starts[-length], ends[-1]
            self.cut(length)
        else:
            kids = []
            start = end = ends[-1] if ends else 0
        function = self.build[rule]
        value: Any
        if function is None:
            value = _join(kids)
        else:
            if Run in map(type, kids):
                kids = [item for kid in kids for item in (kid if type(kid) is Run else (kid,))]
            value = function(Span(self.source, start, end), kids)
        values.append(value)
        starts.append(start)
        ends.append(end)
        self.states.append(self.tables.after(self.states[-1], left, kind))

    def cut(self, count: int) -> None:
        """Take the last values off the stacks."""
        if count:
            del self.states[-count:], self.values[-count:], self.starts[-count:], self.ends[-count:]

    def statement(self) -> int:
        """The place in `values` where the statement or item that is being read starts."""
        place = len(self.states) - 1
        while place and "ERROR" not in self.tables.actions[self.states[place]]:
            place -= 1
        return place

    def opened(self) -> list[Token]:
        """The brackets that are open, the outermost first."""
        found: list[Token] = []
        for value in self.values:
            if isinstance(value, Token):
                if value.kind in OPENERS:
                    found.append(value)
                elif found and value.kind == OPENERS[found[-1].kind]:
                    found.pop()
        return found


def _join(kids: list[Any]) -> Run:
    """A repetition of rules with `_`: grown in place, so that long lists cost time in proportion to their length."""
    if kids and type(kids[0]) is Run:
        run: Run = kids[0]
        for kid in kids[1:]:
            run.extend(kid) if type(kid) is Run else run.append(kid)
        return run
    return _join([Run(), *kids])
