"""The names that the language itself gives a meaning."""

from __future__ import annotations

from ..graph.arguments import Word
from ..graph.initial import INITIALS

# Option words: values that cannot be names.
WORDS: dict[str, bool | Word] = {
    "yes": True,
    "no": False,
    **{
        word: Word(word)
        for word in (
            "half",
            "same",
            "same_upper",
            "same_lower",
            "valid",
            "each",
            "before",
            "after",
            "nearest",
            "bilinear",
            "all",
        )
    },
}

# Words of single options and the initialisers: a name that means something else where it is bound.
SOFT_WORDS = frozenset(("sequence", "value", "sample", "sum", "none", *INITIALS))

# Functions on numbers and lists, with the least and the greatest number of arguments.
FUNCTIONS: dict[str, tuple[int, int | None]] = {
    "min": (1, None),
    "max": (1, None),
    "floor": (1, 1),
    "ceil": (1, 1),
    "round": (1, 1),
    "len": (1, 1),
}

# What an `expect` block can ask for.
METRICS = ("params", "buffers", "macs", "flops", "memory", "shape", "layers")
