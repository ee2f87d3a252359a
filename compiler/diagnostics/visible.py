"""The one way for foreign text into messages, logs and reports."""

from __future__ import annotations

# Zero-width and bidirectional controls print nothing or reorder what follows.
_HIDDEN = {0x00AD, 0x061C, 0x180E, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF}


def visible(text: str, limit: int = 200) -> str:
    """The text on one line with everything that does not print as itself escaped, and cut to `limit` characters.

    A line end, an escape sequence or a workflow command in it can neither start a line nor reach a terminal.
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    if cut.isascii() and cut.isprintable():
        return cut
    return "".join(char if _prints(char) else _escape(char) for char in cut)


def _prints(char: str) -> bool:
    return char.isprintable() and ord(char) not in _HIDDEN


def _escape(char: str) -> str:
    code = ord(char)
    if char == "\n":
        return "\\n"
    if char == "\t":
        return "\\t"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:04x}}}"
