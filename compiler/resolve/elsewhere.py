"""What other libraries call what the language has; `translate.py` writes their calls in it.

Names are looked up in small letters and without `_`: `out_channels` and `outChannels` alike.
"""

from __future__ import annotations

import re

# Functions there are fed by their first argument.
FUNCTIONAL = ("F.", "torch.", "functional.", "tf.nn.", "nn.functional.", "jax.nn.", "self.", "this.")
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
    **dict.fromkeys(("depthwiseconv2d", "depthwiseconv1d", "depthwiseconv", "depthwise"), "conv kernel stride pad"),
    **dict.fromkeys(("separableconv2d", "separableconv1d", "separableconv"), f"conv {_CONV}"),
    **dict.fromkeys(("maxpool2d", "maxpool1d", "maxpooling2d", "maxpooling1d"), "maxpool kernel stride pad dilation"),
    **dict.fromkeys(("avgpool2d", "avgpool1d", "averagepooling2d"), "avgpool kernel stride pad"),
    **dict.fromkeys(("globalaveragepooling2d", "globalavgpool2d", "gap", "adaptiveavgpool2d"), "global_avgpool - -"),
    **dict.fromkeys(("globalmaxpooling2d", "globalmaxpool2d", "adaptivemaxpool2d"), "global_maxpool - -"),
    "adaptiveavgpool1d": "global_avgpool - -",
    "adaptivemaxpool1d": "global_maxpool - -",
    **dict.fromkeys(("batchnorm1d", "batchnorm2d", "batchnormalization", "bn"), "batchnorm - eps"),
    "layernormalization": "layernorm - eps",
    "localresponsenorm": "lrn size alpha beta k",
    "embedding": "embed vocab features",
    "flatten": "flatten - -",
    "leakyrelu": "leaky_relu slope",
    "swish": "silu",
    "cat": "concat",
    "concatenate": "concat",
    "view": "reshape sizes",
    "permute": "transpose order",
    **dict.fromkeys(("zeropad2d", "zeropadding2d", "zeropadding1d", "zeropad1d", "constantpad2d"), "pad pad"),
    **dict.fromkeys(("upsampling2d", "upsampling1d"), "upsample factor"),
    "interpolate": "upsample - factor mode",
    "lstm": "lstm units layers",
    "gru": "gru units layers",
    **dict.fromkeys(("rnn", "simplernn"), "elman units layers"),
}
WRAPPERS = {
    **dict.fromkeys(("bidirectional", "bilstm"), "write `lstm(64, bidirectional = concat)`"),
    "bigru": "write `gru(64, bidirectional = concat)`",
    "timedistributed": "leave it out: on a sequence, layers work on each step",
    "sequential": "leave it out: the lines of a net follow each other",
    "activation": "write the name of the activation, such as `relu`",
    "masking": "write `lengths = lengths` at a cell, and `ignore = -1` at a loss",
    **dict.fromkeys(
        ("lstmcell", "grucell", "rnncell"), "write `lstm(64)`, `gru(64)` or `elman(64)`, which run over all steps"
    ),
}
# What the language has no name for, and how it is written: in brackets, so that it may stand behind `->` as well.
COMPOSED = {
    "selu": "(1.0507 * elu(1.6733))",
    "softplus": "(log(exp(it) + 1))",
    "mish": "(it * tanh(log(exp(it) + 1)))",
    "softsign": "(it / (abs(it) + 1))",
    "hardtanh": "(relu(it + 1) - relu(it - 1) - 1)",
    "logsigmoid": "(log(sigmoid(it)))",
    "tanhshrink": "(it - tanh(it))",
    "quickgelu": "(it * sigmoid(1.702 * it))",
}
_NO_PRODUCTS = "attention and general matrix products are not in the language yet; `fc` is a product with weights"
_NO_NORM = "of the normalisations the language has `batchnorm`, `layernorm` and `lrn`, none by groups or single maps"
_NO_CHANNELS = "no layer drops whole channels; `dropout` drops values, or with `per = sample` whole samples"
_NO_SIGHT = "a schedule knows the epoch alone; `netc train --patience 5` stops after 5 epochs without a better score"
# What the language does not have, and what comes nearest.
ABSENT = {
    **dict.fromkeys(("matmul", "bmm", "einsum", "dot"), _NO_PRODUCTS),
    **dict.fromkeys(("groupnorm", "groupnormalization", "rmsnorm", "weightnorm", "spectralnorm"), _NO_NORM),
    **dict.fromkeys(("instancenorm", "instancenorm1d", "instancenorm2d", "instancenormalization"), _NO_NORM),
    **dict.fromkeys(("dropout1d", "dropout2d", "spatialdropout1d", "spatialdropout2d", "featuredropout"), _NO_CHANNELS),
    **dict.fromkeys(
        ("alphadropout", "gaussiandropout", "gaussiannoise", "dropblock", "droppath", "stochasticdepth"),
        "of random layers the language has `dropout`, of values or with `per = sample` of whole samples",
    ),
    **dict.fromkeys(
        ("pixelshuffle", "subpixel", "depthtospace", "pixelunshuffle", "spacetodepth"),
        "moving channels into space is not in the language; `deconv(maps, 4, stride = 2, pad = 1)`, or `upsample(2)` "
        "and a `conv`, make maps twice as large",
    ),
    **dict.fromkeys(("prelu", "rrelu"), "no slope is trained or drawn; `leaky_relu(0.25)` has a fixed one"),
    **dict.fromkeys(("glu", "maxout"), "write it of its parts: `a, b = it -> split(2)`, and then `a * sigmoid(b)`"),
    **dict.fromkeys(
        ("conv3d", "conv3dtranspose", "maxpool3d", "avgpool3d", "batchnorm3d", "maxpooling3d"),
        "layers for images and sequences have one or two spatial dimensions",
    ),
    **dict.fromkeys(
        ("convlstm", "convlstm2d", "convgru"),
        "write it as a cell: any layer may stand in one, and `state h[maps, in.height, in.width]` holds maps",
    ),
    **dict.fromkeys(("reducelronplateau", "plateau"), _NO_SIGHT),
    **dict.fromkeys(("checkpoint", "modelcheckpoint"), "a run keeps its last and its best weights by itself"),
}
# What is set there, and is an option of `netc train` here.
OPTIONS = {
    **dict.fromkeys(("earlystopping", "earlystop", "patience"), "--patience"),
    **dict.fromkeys(("valsplit", "validationsplit", "validation"), "--val-split"),
}
_ATTENTION = r"(self|cross|multihead|scaleddotproduct|linear|causal)*(attention|attn)(layer|block)?|mha"
_TRANSFORMER = r"(vision)?transformer((en|de)coder)?(layer|block)?"
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
    "nonlinearity": "activation",
    **dict.fromkeys(("initialstate", "inithidden", "hx", "h0"), "h"),
    "c0": "c",
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
    **dict.fromkeys(
        ("batchfirst", "timemajor", "inplace", "name", "device", "dtype", "trackrunningstats", "inputdtype"), "-"
    ),
    "ignoreindex": "ignore",
}
REASONS = {
    **dict.fromkeys(("batchfirst", "timemajor"), "sequences are always [N, T, features]"),
    "inplace": "netc decides by itself where values share memory",
    "name": "a name stands in front, `name = …`",
    "device": "a program runs on the processor",
    "dtype": "the type of the input is the type of the weights",
}
KNOWN_SIZE = "the size of what comes in is known"
_OWN_CELL = "write a cell of your own; `netc layers {layer}` shows the text of this one"
# What to write for another library's argument of a cell that no argument here stands for: for a value, or for others.
CELL_ARGUMENTS = {
    **{key: {"yes": "leave it out: a cell has biases", "": _OWN_CELL} for key in ("bias", "usebias")},
    **{key: {"tanh": "leave it out: it is tanh", "": _OWN_CELL} for key in ("activation", "nonlinearity")},
    "recurrentactivation": {"sigmoid": "leave it out: gates are sigmoids", "": _OWN_CELL},
    "dropout": {
        "": "it is a layer of its own, between the uses of cells, in front or behind: "
        "`{layer}(…) -> dropout({text}) -> {layer}(…)`"
    },
    "recurrentdropout": {"": f"{_OWN_CELL}, and `h -> dropout({{text}})` may stand in it"},
    "projsize": {"": f"{_OWN_CELL}; `-> fc({{text}})` behind it projects the output alone"},
    "resetafter": {"no": "write `reset = before`", "": "leave it out: the reset is after the product"},
    "unitforgetbias": {"no": "leave it out", "": "write `bias_init = ones`"},
    "stateful": {"no": "leave it out", "": "leave it out: with `unroll = 100` in `train`, states go on between chunks"},
    "unroll": {"": "leave it out: `unroll = 100` stands in the `train` block, and cuts sequences into chunks"},
    "mask": {"": "declare `input lengths: i64[N]`, and give that: `lengths = lengths`"},
}

LOSSES = {
    **dict.fromkeys(("crossentropyloss", "categoricalcrossentropy", "sparsecategoricalcrossentropy"), "cross_entropy"),
    **dict.fromkeys(("softmaxcrossentropy", "softmaxwithloss", "ce"), "cross_entropy"),
    "nllloss": "nll",
    **dict.fromkeys(("mseloss", "meansquarederror", "l2", "l2loss"), "mse"),
    **dict.fromkeys(("l1loss", "meanabsoluteerror", "l1"), "mae"),
    **dict.fromkeys(("bceloss", "bcewithlogitsloss", "bcewithlogits", "binarycrossentropy"), "bce"),
}
INITIALISERS = {
    **dict.fromkeys(("henormal", "kaimingnormal"), "kaiming_normal"),
    **dict.fromkeys(("heuniform", "kaiminguniform", "kaiming", "he"), "kaiming_uniform"),
    **dict.fromkeys(("glorotnormal", "xaviernormal"), "xavier_normal"),
    **dict.fromkeys(("glorotuniform", "xavieruniform", "xavier", "glorot"), "xavier_uniform"),
    **dict.fromkeys(("zero", "zeroes"), "zeros"),
    "one": "ones",
    "truncatednormal": "trunc_normal",
    "randomnormal": "normal",
    "randomuniform": "uniform",
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
    **dict.fromkeys(("bptt", "tbptt", "truncate"), "unroll"),
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


_STEPS = r"(?:prev|last|old)_(\w+)|(\w+?)_?(?:prev|last|old|tm1|next|new)|(\w+)_t1?"


def state_name(name: str) -> str:
    """The state whose value before or after a step a name like `h_prev` or `h_t` means; empty for others."""
    found = re.fullmatch(_STEPS, name)
    return next(filter(None, found.groups()), "") if found else ""


def plain(name: str) -> str:
    """The name as the tables have it."""
    return name.lower().replace("_", "")


def meaning(name: str) -> str | None:
    """What another library's name of a value, layer, argument or setting is called here."""
    key = plain(name)
    layer = LAYERS.get(key, "").split(" ")[0]
    chosen = (SCHEDULES.get(key) or OPTIMIZERS.get(key, "")).split(" ")[0]
    tables = (ARGUMENTS, LOSSES, SETTINGS, FIGURES, INITIALISERS)
    found = VALUES.get(key) or layer or chosen or next((table[key] for table in tables if key in table), None)
    return found if found != "-" else None


def absent(name: str) -> str:
    """What comes nearest to what the language does not have; nothing for other names."""
    key = plain(name)
    if re.fullmatch(_ATTENTION, key) or re.fullmatch(_TRANSFORMER, key):
        return _NO_PRODUCTS
    return f"write `{COMPOSED[key]}`" if key in COMPOSED else ABSENT.get(key, "")


def layer_of(name: str) -> str:
    """What another library's layer is called here, if it is known at all."""
    return LAYERS.get(plain(name), plain(name)).split(" ")[0]
