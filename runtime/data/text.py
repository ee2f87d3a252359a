"""Text as numbers: each character is its place in an alphabet."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .files import bad

SHOWN = 5
# Characters that are numbered together.
CHUNK = 1 << 20


def decoded(where: str, data: bytes) -> str:
    """The text of a file in UTF-8, without a byte-order mark. Raises RunError."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad(where, f"is not UTF-8 text: byte {error.start:,}", "save it as UTF-8") from None


def numbered(where: str, text: str, known: str | None) -> tuple[NDArray[np.unsignedinteger[Any]], str]:
    """The characters as numbers, and the alphabet: the known one, or else all characters of the text in sorted order.

    Raises RunError for characters that are not in a known alphabet.
    """
    alphabet = known if known is not None else "".join(sorted(set(text)))
    strange = Counter(text) if set(text) - set(alphabet) else Counter()
    for character in alphabet:
        strange.pop(character, None)
    if strange:
        shown = ", ".join([repr(character) for character, _ in strange.most_common(SHOWN)])
        more = f" and {len(strange) - SHOWN:,} others" if len(strange) > SHOWN else ""
        times = f"{strange.total():,} place{'s' if strange.total() > 1 else ''}"
        raise bad(
            where,
            f"has {shown}{more} at {times}, which the text that was trained on does not have",
            f"take them out, or train on a text that has them; known are {len(alphabet):,} characters",
        )
    return _places(text, alphabet), alphabet


def _places(text: str, alphabet: str) -> NDArray[np.unsignedinteger[Any]]:
    """The place of each character in the alphabet."""
    dtype = np.min_scalar_type(max(len(alphabet) - 1, 0))
    table = np.zeros(sys.maxunicode + 1, dtype)
    table[[ord(character) for character in alphabet]] = np.arange(len(alphabet), dtype=dtype)
    numbers = np.empty(len(text), dtype)
    for start in range(0, len(text), CHUNK):
        part = text[start : start + CHUNK].encode("utf-32-le")
        numbers[start : start + CHUNK] = table[np.frombuffer(part, np.uint32)]
    return numbers


def topics() -> str:
    """The help topics of Python's standard library, in printable ASCII."""
    from pydoc_data import topics

    text = "".join(topics.topics[name] for name in sorted(topics.topics))
    return "".join(character for character in text if character == "\n" or " " <= character <= "~")
