"""What to write for a power, which the language has no sign for."""

from __future__ import annotations

import re

from .lexer import LONGEST

_TERM = r"([\w.]+|\([^()\n]*\))"
_POWER = re.compile(rf"(?:([0-9]{{1,9}})\s*\*(?!\*)\s*)?{_TERM}\s*(?:\*\*|\^)\s*{_TERM}", re.ASCII)
_FOR = re.compile(r"\bfor\s+(\w+)\s+in\s+(?:range\s*\(\s*)?([0-9]{1,9})(?:\s*(?:\.\.|,)\s*([0-9]{1,9}))?", re.ASCII)
_REPEAT = re.compile(r"\brepeat\s+([0-9]{1,9})\s+as\s+(\w+)", re.ASCII)
# The longest list, and the longest product, that is written out.
ROUNDS = 8
FACTORS = 4
LARGEST = 2**63
# How far a power and its loop are looked for.
NEAR = 2000


def instead_of_power(text: str, at: int) -> str:
    """What to write for the power whose sign is at a place: its value, a product, or a list of the powers."""
    line = max(text.rfind("\n", 0, at) + 1, at - 2 * LONGEST)
    piece = text[line : at + 2 * LONGEST].partition("\n")[0]
    found = next((power for power in _POWER.finditer(piece) if power.start() <= at - line < power.end()), None)
    if found is None:
        return "write the product out, or the powers as a list"
    factor, base, exponent = found.groups()
    if piece[: found.start()].rstrip()[-1:] in ("/", "%"):
        factor = None
    if exponent.isdecimal() and len(exponent) < 4 and len(base) < LONGEST:
        return _product(base, int(exponent))
    if exponent == "0.5":
        return f"write `sqrt({base.strip('()')})`, the root of a tensor"
    if not base.isdecimal() or len(base) > 9 or len(exponent) > LONGEST:
        return "write the product out, or the powers as a list"
    first, end = _rounds(text[max(at - NEAR, 0) : at], exponent)
    numbers = [int(factor or 1) * int(base) ** power for power in range(first, min(end, first + ROUNDS))]
    if first < end <= first + ROUNDS and max(numbers) < LARGEST:
        place = f"{exponent} - {first}" if first else exponent
        return f"write `[{', '.join(map(str, numbers))}][{place}]`"
    numbers = [int(factor or 1) * int(base) ** power for power in range(3)]
    return f"write the powers as a list, such as `[{', '.join(map(str, numbers))}][{exponent.strip('()')}]`"


def _product(base: str, exponent: int) -> str:
    """A power to a whole number, worked out or as a product."""
    if base.isdecimal() and exponent < LARGEST.bit_length() and int(base) ** exponent < LARGEST:
        return f"write `{int(base) ** exponent}`"
    if 1 < exponent <= FACTORS:
        return f"write `{' * '.join([base] * exponent)}`"
    return "write the product out"


def _rounds(before: str, name: str) -> tuple[int, int]:
    """The first number that a loop around a place counts by a name, and the one behind the last; both 0 for others."""
    loops = [(loop.start(), loop[1], loop[2], loop[3]) for loop in _FOR.finditer(before)]
    loops += [(loop.start(), loop[2], loop[1], None) for loop in _REPEAT.finditer(before)]
    for _, counter, start, end in sorted(loops, reverse=True):
        if counter == name:
            return (int(start), int(end)) if end else (0, int(start))
    return 0, 0
