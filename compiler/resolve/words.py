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

# The operators on tensors, with what each is.
OPERATORS = {
    "+": "The elementwise sum; `add` is the layer.",
    "-": "The elementwise difference; `-x` is the negative.",
    "*": "The elementwise product; `mul` is the layer.",
    "/": "The elementwise quotient.",
}

# What an `expect` block can ask for, with what each is and an example.
METRICS = {
    "params": ("Trainable numbers.", "params <= 1.2M"),
    "buffers": ("Numbers that are kept but not trained, as batch norm's statistics.", "buffers == 0"),
    "macs": (
        "Multiply-accumulates of convolutions and fully connected layers in a forward pass, at N = 1 unless given.",
        "macs(N = 1) <= 1M",
    ),
    "flops": ("Every arithmetic operation of a forward pass.", "flops(N = 1) <= 1M"),
    "memory": (
        "Bytes of the plan: `memory.training`, `memory.inference`, `memory.parameters`, `memory.buffers`, at N = 1 "
        "unless given, whatever the `train` block has as its batch; T alike.",
        "memory.training(N = 32) <= 64MiB",
    ),
    "shape": ("The sizes of a value of the net, by the name that it is bound to.", "shape(logits) == [N, T, 9]"),
    "layers": ("Uses of layers, with those in blocks and loops.", "layers <= 20"),
}
