"""What other libraries call what the language has; `translate.py` writes their calls in it.

Names are looked up in small letters and without `_`: `out_channels` and `outChannels` alike.
"""

from __future__ import annotations

import re

# Functions there are fed by their first argument.
FUNCTIONAL = ("F.", "torch.", "functional.", "tf.nn.", "nn.functional.", "jax.nn.")
MODULES = frozenset(("nn", "torch", "F", "functional", "tf", "keras", "layers", "optim", "np", "jax", "flax", "losses"))

VALUES = {"true": "yes", "false": "no", "none": "no", "null": "no", "range": "0..3"}

# The layer, and its arguments in the order in which they stand there; `-` is one that is not written here.
_CONV = "maps kernel stride pad"
LAYERS = {
    **dict.fromkeys(("conv2d", "conv1d", "convolution2d", "convolution"), f"conv {_CONV} dilation groups bias"),
    **dict.fromkeys(
        ("convtranspose2d", "convtranspose1d", "conv2dtranspose"), f"deconv {_CONV} output_pad groups bias"
    ),
    **dict.fromkeys(("linear", "dense", "fullyconnected", "innerproduct"), "fc units bias"),
    **dict.fromkeys(("maxpool2d", "maxpool1d", "maxpooling2d", "maxpooling1d"), "maxpool kernel stride pad dilation"),
    **dict.fromkeys(("avgpool2d", "avgpool1d", "averagepooling2d"), "avgpool kernel stride pad"),
    **dict.fromkeys(("globalaveragepooling2d", "adaptiveavgpool2d", "globalavgpool2d", "gap"), "global_avgpool - -"),
    **dict.fromkeys(("globalmaxpooling2d", "adaptivemaxpool2d", "globalmaxpool2d"), "global_maxpool - -"),
    **dict.fromkeys(("batchnorm1d", "batchnorm2d", "batchnormalization", "bn"), "batchnorm - eps"),
    "layernormalization": "layernorm - eps",
    "localresponsenorm": "lrn size alpha beta k",
    "embedding": "embed vocab features",
    "dropout2d": "dropout rate",
    "flatten": "flatten - -",
    "leakyrelu": "leaky_relu slope",
    "swish": "silu",
    "cat": "concat",
    "concatenate": "concat",
    "view": "reshape -",
    "permute": "transpose -",
    "zeropad2d": "pad pad",
    "upsampling2d": "upsample factor",
    "lstm": "lstm units layers",
    "gru": "gru units layers",
    **dict.fromkeys(("rnn", "simplernn"), "elman units layers"),
}
WRAPPERS = {
    "Bidirectional": "write `lstm(64, bidirectional = concat)`",
    "TimeDistributed": "leave it out: on a sequence, layers work on each step",
    "Sequential": "leave it out: the lines of a net follow each other",
    "Activation": "write the name of the activation, such as `relu`",
    "Input": "write `input image: f32[N, 3, 224, 224]`",
    "InputLayer": "write `input image: f32[N, 3, 224, 224]`",
    **dict.fromkeys(
        ("MultiheadAttention", "MultiHeadAttention", "attention", "matmul", "bmm", "einsum"),
        "attention and general matrix products are not in the language yet; `fc` is a product with weights",
    ),
}
# From so many positional arguments on, the first is the size of what comes in, which is never written here.
SIZE_FIRST = {"conv": 3, "deconv": 3, "fc": 2, "lstm": 2, "gru": 2, "elman": 2, "batchnorm": 1, "layernorm": 1}

USUAL_KERNELS = (1, 2, 3, 5, 7, 11)

# The argument; `-` is one that is not written here.
ARGUMENTS = {
    "padding": "pad",
    **dict.fromkeys(("kernelsize", "ksize", "poolsize", "filtersize", "size"), "kernel"),
    "strides": "stride",
    "dilationrate": "dilation",
    **dict.fromkeys(("outchannels", "channels", "filters", "nout", "features"), "maps"),
    **dict.fromkeys(("outfeatures", "hiddensize", "numunits", "hidden"), "units"),
    **dict.fromkeys(("numembeddings", "inputdim", "vocabsize"), "vocab"),
    **dict.fromkeys(("embeddingdim", "outputdim"), "features"),
    "usebias": "bias",
    **dict.fromkeys(("p", "prob"), "rate"),
    "ceilmode": "ceil",
    "countincludepad": "count_pad",
    "epsilon": "eps",
    "dim": "axis",
    **dict.fromkeys(("n", "localsize", "depthradius"), "size"),
    "scalefactor": "factor",
    "negativeslope": "slope",
    "outputpadding": "output_pad",
    "kernelinitializer": "init",
    "biasinitializer": "bias_init",
    "numlayers": "layers",
    "returnstate": "states",
    "gobackwards": "reverse",
    "sequencelengths": "lengths",
    "learningrate": "lr",
    "tmax": "epochs",
    "stepsize": "every",
    "lrdecay": "factor",
    "milestones": "at",
    "totaliters": "epochs",
    **dict.fromkeys(("wd", "l2reg"), "weight_decay"),
    "mom": "momentum",
    **dict.fromkeys(("alpha", "rho"), "decay"),
    **dict.fromkeys(("inchannels", "infeatures", "inputsize", "numfeatures", "inputshape", "normalizedshape"), "-"),
    **dict.fromkeys(("batchfirst", "inplace", "name"), "-"),
}
REASONS = {
    "batchfirst": "sequences are always [N, T, features]",
    "inplace": "netc decides by itself where values share memory",
    "name": "a name stands in front, `name = …`",
}
KNOWN_SIZE = "the size of what comes in is known"

LOSSES = {
    **dict.fromkeys(("crossentropyloss", "categoricalcrossentropy", "sparsecategoricalcrossentropy"), "cross_entropy"),
    **dict.fromkeys(("softmaxcrossentropy", "softmaxwithloss", "ce"), "cross_entropy"),
    "nllloss": "nll",
    **dict.fromkeys(("mseloss", "meansquarederror", "l2", "l2loss"), "mse"),
    **dict.fromkeys(("l1loss", "meanabsoluteerror", "l1"), "mae"),
    **dict.fromkeys(("bceloss", "bcewithlogitsloss", "bcewithlogits", "binarycrossentropy"), "bce"),
}
# The schedule or optimizer, and its arguments in the order in which they stand there, with what they are when left out
# where something must be written here.
SCHEDULES = {
    **dict.fromkeys(("steplr", "stepdecay"), "step every=… factor=0.1"),
    **dict.fromkeys(("multisteplr", "multistep", "multistepdecay", "milestones"), "step at=[…] factor=0.1"),
    **dict.fromkeys(("exponentiallr", "exponentialdecay"), "exponential decay=…"),
    **dict.fromkeys(("cosineannealinglr", "cosineannealing", "cosinedecay"), "cosine epochs"),
    **dict.fromkeys(("linearlr", "linearwarmup"), "warmup - - epochs=5"),
    "constantlr": "constant - epochs",
}
OPTIMIZERS = {
    "sgd": "sgd lr=0.01 momentum - weight_decay nesterov",
    "momentum": "sgd lr=0.01 momentum=0.9",
    **{name: f"{name} lr betas eps weight_decay" for name in ("adam", "adamw")},
    "rmsprop": "rmsprop lr decay eps weight_decay momentum",
    "adagrad": "adagrad lr - weight_decay",
}
SETTINGS = {
    **dict.fromkeys(("batchsize", "bs", "minibatch"), "batch"),
    **dict.fromkeys(("numepochs", "numepoch", "nepochs", "maxepochs"), "epochs"),
    **dict.fromkeys(("scheduler", "lrscheduler"), "schedule"),
    **dict.fromkeys(("criterion", "lossfn", "lossfunction", "objective"), "loss"),
    **dict.fromkeys(("optim", "solver"), "optimizer"),
    **dict.fromkeys(("gradclip", "clipgradnorm", "maxgradnorm", "clip", "gradientclip"), "clip_norm"),
    **dict.fromkeys(("bptt", "truncate"), "unroll"),
    "randomseed": "seed",
}
FIGURES = {
    **dict.fromkeys(("parameters", "numparams", "nparams", "totalparams", "paramcount", "weights", "numel"), "params"),
    **dict.fromkeys(("mac", "madds", "multadds", "multiplyadds", "gmacs"), "macs"),
    **dict.fromkeys(("flop", "gflops", "ops"), "flops"),
}
# What people call an input that the loss alone reads, which is a `target` here.
TARGETS = frozenset(("label", "labels", "target", "targets", "y", "ytrue", "truth", "groundtruth", "next", "answer"))
DTYPES = {
    **dict.fromkeys(("float", "float32", "f16", "half", "float16", "fp32", "real"), "f32"),
    **dict.fromkeys(("double", "float64", "fp64"), "f64"),
    **dict.fromkeys(("int", "int64", "long", "int32", "i32", "integer"), "i64"),
    **dict.fromkeys(("uint8", "byte"), "u8"),
    "boolean": "bool",
}


_STEPS = re.compile(r"(?:prev|last|old)_(\w+)|(\w+?)_?(?:prev|last|old|tm1|next|new)|(\w+)_t1?")


def state_name(name: str) -> str:
    """The state whose value before or after a step a name like `h_prev` or `h_t` means; empty for others."""
    found = _STEPS.fullmatch(name)
    return next(filter(None, found.groups()), "") if found else ""


def plain(name: str) -> str:
    """The name as the tables have it."""
    return name.lower().replace("_", "")


def meaning(name: str) -> str | None:
    """What another library's name of a value, layer, argument or setting is called here."""
    key = plain(name)
    layer = LAYERS.get(key, "").split(" ")[0]
    chosen = (SCHEDULES.get(key) or OPTIMIZERS.get(key, "")).split(" ")[0]
    tables = (ARGUMENTS, LOSSES, SETTINGS, FIGURES)
    found = VALUES.get(key) or layer or chosen or next((table[key] for table in tables if key in table), None)
    return found if found != "-" else None


def layer_of(name: str) -> str:
    """What another library's layer is called here, if it is known at all."""
    return LAYERS.get(plain(name), plain(name)).split(" ")[0]
