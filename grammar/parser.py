"""Parsing: from a text to its syntax tree and its mistakes."""

from __future__ import annotations

from collections.abc import Callable

from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.limits import DEFAULT_LIMITS, Limits
from ..compiler.source import Source, Span
from ..compiler.syntax import tree
from .automaton import Automaton, tables
from .lexer import Token, TooMuch


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
    suspects = _run(machine, tokens, found.append)
    found.sort(key=lambda d: d.span.start if d.span else 0)
    items = tuple(item for item in machine.values[0] if not isinstance(item, tree.Broken))
    return tree.File(whole, items, suspects), tuple(found)


def lex(source: Source, limits: Limits = DEFAULT_LIMITS) -> list[Token]:
    """The tokens of a text that parses."""
    return tables().lexer.tokens(source, limits, lambda _: None)


def _run(machine: Automaton, tokens: list[Token], report: Callable[[Diagnostic], None]) -> frozenset[str]:
    """Feed all tokens; returns the names in text that did not parse."""
    for at, token in enumerate(tokens):
        if not machine.feed(token):
            # Only a text with mistakes needs it.
            from .recovery import Recovery

            recovery = Recovery(machine, tokens, report)
            recovery.run(at)
            return frozenset(recovery.suspects)
    return frozenset()
