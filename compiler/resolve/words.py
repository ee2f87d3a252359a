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

# What other libraries call what the language has: small letters, without `_`.
ELSEWHERE = {
    "true": "yes",
    "false": "no",
    "none": "no",
    "null": "no",
    "range": "0..3",
    "linear": "fc",
    "dense": "fc",
    "fullyconnected": "fc",
    "conv1d": "conv",
    "conv2d": "conv",
    "convolution": "conv",
    "convtranspose2d": "deconv",
    "conv2dtranspose": "deconv",
    "maxpool2d": "maxpool",
    "maxpooling2d": "maxpool",
    "avgpool2d": "avgpool",
    "averagepooling2d": "avgpool",
    "globalaveragepooling2d": "global_avgpool",
    "adaptiveavgpool2d": "global_avgpool",
    "gap": "global_avgpool",
    "batchnorm1d": "batchnorm",
    "batchnorm2d": "batchnorm",
    "bn": "batchnorm",
    "embedding": "embed",
    "leakyrelu": "leaky_relu",
    "swish": "silu",
    "cat": "concat",
    "concatenate": "concat",
    "view": "reshape",
    "permute": "transpose",
    "padding": "pad",
    "kernelsize": "kernel",
    "strides": "stride",
    "outchannels": "maps",
    "channels": "maps",
    "filters": "maps",
    "outfeatures": "units",
    "usebias": "bias",
    "p": "rate",
    "ceilmode": "ceil",
    "countincludepad": "count_pad",
    "momentum": "decay",
    "epsilon": "eps",
}

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
