"""Parsing: from a text to its syntax tree and its mistakes."""

from __future__ import annotations

from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.limits import DEFAULT_LIMITS, Limits
from ..compiler.source import Source, Span
from ..compiler.syntax import tree
from .automaton import Automaton, tables
from .lexer import Token, TooMuch
from .recovery import Recovery


def parse(source: Source, limits: Limits = DEFAULT_LIMITS) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    """The syntax tree of a text, and its mistakes in the order of the text.

    Raises nothing. In the place of a statement that did not parse stands Broken; items that did not are left out.
    """
    found: list[Diagnostic] = []
    whole = Span(source, 0, len(source.text))
    try:
        tokens = tables().lexer.tokens(source, limits, found.append)
    except TooMuch as error:
        return tree.File(whole, ()), (*found, error.diagnostic)
    machine = Automaton(source, limits, found.append)
    recovery = Recovery(machine, tokens, found.append)
    _run(machine, recovery, tokens)
    found.sort(key=lambda d: d.span.start if d.span else 0)
    items = tuple(item for item in machine.values[0] if not isinstance(item, tree.Broken))
    return tree.File(whole, items, frozenset(recovery.suspects)), tuple(found)


def lex(source: Source, limits: Limits = DEFAULT_LIMITS) -> list[Token]:
    """The tokens of a text that parses."""
    return tables().lexer.tokens(source, limits, lambda _: None)


def _run(machine: Automaton, recovery: Recovery, tokens: list[Token]) -> None:
    """Feed all tokens; at each place the recovery gets one chance, and then the token is left out."""
    at, tried = 0, -1
    while at < len(tokens):
        if machine.feed(tokens[at]):
            at += 1
        elif at > tried:
            tried = at
            at = recovery.resume(at)
        elif at < len(tokens) - 1:
            at += 1
        else:
            machine.cut(len(machine.values))
