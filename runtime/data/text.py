"""Text as numbers: each character is its place in the sorted alphabet of the text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .files import bad, read


def load_text(path: Path) -> tuple[NDArray[np.int64], str]:
    """The characters as numbers, and the alphabet. Raises RunError."""
    try:
        text = read(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad(path, f"is not UTF-8 text: byte {error.start:,}", "save it as UTF-8") from None
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    alphabet, numbers = np.unique(points, return_inverse=True)
    return numbers.astype(np.int64), "".join(map(chr, alphabet))
