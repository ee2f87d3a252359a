"""Text as numbers: each character is its place in an alphabet."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from .files import bad

SHOWN = 5


def decoded(where: str, data: bytes) -> str:
    """The text of a file in UTF-8, without a byte-order mark. Raises RunError."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad(where, f"is not UTF-8 text: byte {error.start:,}", "save it as UTF-8") from None


def numbered(where: str, text: str, known: str | None) -> tuple[NDArray[np.int64], str]:
    """The characters as numbers, and the alphabet: the known one, or else all characters of the text in sorted order.

    Raises RunError for characters that are not in a known alphabet.
    """
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    if known is None:
        found, numbers = np.unique(points, return_inverse=True)
        return numbers.astype(np.int64), "".join(map(chr, found))
    places = np.frombuffer(known.encode("utf-32-le"), np.uint32)
    order = np.argsort(places)
    numbers = order[np.searchsorted(places[order], points).clip(max=len(places) - 1)]
    strange = Counter(text[place] for place in np.nonzero(places[numbers] != points)[0])
    if strange:
        shown = ", ".join([repr(character) for character, _ in strange.most_common(SHOWN)])
        more = f" and {len(strange) - SHOWN:,} others" if len(strange) > SHOWN else ""
        times = f"{strange.total():,} place{'s' if strange.total() > 1 else ''}"
        raise bad(
            where,
            f"has {shown}{more} at {times}, which the text that was trained on does not have",
            f"take them out, or train on a text that has them; known are {len(places):,} characters",
        )
    return numbers.astype(np.int64), known


def topics() -> str:
    """The help topics of Python's standard library, in printable ASCII."""
    from pydoc_data import topics

    text = "".join(topics.topics[name] for name in sorted(topics.topics))
    return "".join(character for character in text if character == "\n" or " " <= character <= "~")
