"""The one way for foreign text into messages, logs and reports."""

from __future__ import annotations

import re

# Characters that count as printable and yet show nothing: joiners, fillers, variation selectors, the Braille blank.
_BLANK = frozenset(
    (
        847,
        4447,
        4448,
        6068,
        6069,
        *range(6155, 6160),
        10240,
        12644,
        *range(65024, 65040),
        65440,
        *tuple(range(917760, 918000)),
    )
)
# What a build server takes for a command: `::error::` at the start of a line (GitHub), and anywhere in it `##[error]`
# (GitHub), `##vso[` (Azure) and `##teamcity[`.
_COMMAND = re.compile(r"\A\s*::|##(?=\w*\[)")


def visible(text: str, limit: int = 200) -> str:
    """The text, cut to `limit` characters, on one line, with everything that does not print as itself escaped.

    A line end, an escape sequence or a workflow command in it can neither start a line nor reach a terminal.
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    if cut.isascii() and cut.isprintable() and _COMMAND.search(cut) is None:
        return cut
    return "".join(cells(cut))


def cells(text: str) -> list[str]:
    """What `visible` shows for each character."""
    found = [char if _prints(char) else _escape(char) for char in text]
    for command in _COMMAND.finditer(text):
        last = command.end() - 1
        found[last] = _escape(text[last])
    return found


def _prints(char: str) -> bool:
    return char.isprintable() and ord(char) not in _BLANK


def _escape(char: str) -> str:
    code = ord(char)
    if char == "\n":
        return "\\n"
    if char == "\t":
        return "\\t"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:04x}}}"
