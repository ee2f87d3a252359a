"""Building the parse tables: `python -m netc.grammar.generate` writes tables.py from net.lark.

lark works out the LALR(1) tables when netc is built; the parser reads them, so that a run of netc need not import lark.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lark import Lark
from lark.parsers.lalr_analysis import Shift

FOLDER = Path(__file__).parent
HEAD = '"""The parse tables of net.lark, written by `generate.py`, which says what they are."""\n'
TYPES = {
    "literals": "dict[str, str]",
    "terminals": "list[tuple[str, str]]",
    "rules": "list[tuple[str, int, str]]",
    "actions": "list[dict[str, int]]",
    "end": "int",
}


def tables() -> dict[str, Any]:
    """The tables of the grammar as plain data.

    `literals` maps each fixed text to its terminal. `terminals` lists the patterns in the order in which they are
    tried.
    `rules` holds (left side, number of symbols on the right, function of build.py). `actions` says for each state
    what to do on each symbol: a state to go to (0 or more), or -1 - r to reduce by rule r. The first state is 0, `end`
    accepts.
    """
    grammar = Lark(
        (FOLDER / "net.lark").read_text(), parser="lalr", lexer="basic", strict=True, maybe_placeholders=False
    )
    table = grammar.parser.parser._parse_table
    ordered = sorted(grammar.rules, key=lambda rule: (str(rule.origin.name), rule.order, str(rule.expansion)))
    rules = {rule: number for number, rule in enumerate(ordered)}
    literals, terminals = {}, []
    order = sorted(grammar.terminals, key=lambda t: (-t.priority, -t.pattern.max_width, -len(t.pattern.value), t.name))
    for terminal in order:
        if terminal.pattern.type == "str":
            literals[terminal.pattern.value] = terminal.name
        elif terminal.name not in grammar.ignore_tokens:
            terminals.append((terminal.name, terminal.pattern.value))
    numbers = _numbers(table)
    return {
        "literals": dict(sorted(literals.items())),
        "terminals": terminals,
        "rules": [(str(rule.origin.name), len(rule.expansion), rule.alias or "") for rule in ordered],
        "actions": [
            {
                name: numbers[arg] if action is Shift else -1 - rules[arg]
                for name, (action, arg) in sorted(table.states[s].items())
            }
            for s in numbers
        ],
        "end": numbers[table.end_states["start"]],
    }


def _numbers(table: Any) -> dict[int, int]:
    """A number for each state, in the order in which a walk from the first one meets them; lark's own varies."""
    numbers = {table.start_states["start"]: 0}
    todo = list(numbers)
    for state in todo:
        for _, (action, target) in sorted(table.states[state].items()):
            if action is Shift and target not in numbers:
                numbers[target] = len(numbers)
                todo.append(target)
    return numbers


def text() -> str:
    """The tables as a module: Python compiles it once, and no run reads the text again."""
    lines = [f"{name.upper()}: {TYPES[name]} = {value!r}" for name, value in tables().items()]
    return "\n".join([HEAD, *lines, ""])


if __name__ == "__main__":
    (FOLDER / "tables.py").write_text(text())
