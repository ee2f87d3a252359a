"""What other libraries call what the language has, and how their calls are written in it.

Names are looked up in small letters and without `_`: `out_channels` and `outChannels` alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ..syntax import tree

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
_REASONS = {
    "batchfirst": "sequences are always [N, T, features]",
    "inplace": "netc decides by itself where values share memory",
    "name": "a name stands in front, `name = …`",
}
_KNOWN_SIZE = "the size of what comes in is known"

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


def value_text(expr: tree.Expr) -> str:
    """A value as it is written here: `True` is `yes`, `"same"` is `same`, `nn.ReLU()` is `relu`."""
    match expr:
        case tree.Name(id=name):
            return VALUES.get(plain(name)) or meaning(name) or (name.lower() if name[0].isupper() else name)
        case tree.String(value=text) if re.fullmatch(r"[A-Za-z_]\w*", text, re.ASCII):
            return meaning(text) or text.lower()
        case tree.Call(base=base, arguments=()):
            return value_text(base)
        case tree.Field(base=tree.Name(id=module), name=name) if module in MODULES:
            return meaning(name) or name.lower()
    return expr.span.text


def argument_help(layer: str, argument: tree.Argument, known: Iterable[str]) -> str:
    """What to write for an argument that another library's layer has; nothing when it is not known."""
    known = set(known)
    key, text = plain(argument.name or ""), value_text(argument.value)
    target = ARGUMENTS.get(key)
    if key == "bias" and layer == "lrn":
        target = "k"
    if key == "momentum" and "decay" in known:
        return "write `decay = …`, the share that is kept: 1 − PyTorch's momentum, 0.9 by default"
    if key == "gamma" and known & {"factor", "decay"}:
        return f"write `{'factor' if 'factor' in known else 'decay'} = {text}`"
    if key == "betas" and "beta1" in known:
        return "write `beta1 = 0.9, beta2 = 0.999`, each by its name"
    if key == "etamin" and "floor" in known:
        return "write `floor = …`, the share of the learning rate that is left"
    if key == "returnsequences" and "return" in known:
        return "write `return = last`" if text == "no" else "leave it out: a cell gives the whole sequence"
    if key in ("activation", "dropout", "recurrentdropout"):
        after = text if key == "activation" else f"dropout({text})"
        return "leave it out" if text == "none" else f"feed its result on: `{layer}(…) -> {after}`"
    if target == "-":
        return f"leave it out: {_REASONS.get(key, _KNOWN_SIZE)}"
    return f"write `{target} = {text}`" if target in known else ""


def chosen_text(expr: tree.Expr, signatures: Mapping[str, Sequence[str]]) -> str:
    """A loss, optimizer or schedule of another library as it is written here, where `signatures` are those that can be
    chosen, with their arguments; nothing when it is not known."""
    base, given = (expr.base, expr.arguments) if isinstance(expr, tree.Call) else (expr, ())
    name = base.name if isinstance(base, tree.Field) else base.span.text
    kind, *order = (SCHEDULES.get(plain(name)) or OPTIMIZERS.get(plain(name)) or meaning(name) or "").split(" ")
    if kind not in signatures:
        return ""
    names = [key.partition("=")[0] for key in order]
    values = {key: default for key, sign, default in (entry.partition("=") for entry in order) if sign}
    # What they are about comes first there: the parameters, the optimizer.
    positional = [a.value for a in given if a.name is None and isinstance(a.value, _DATA)]
    values |= {key: value_text(value) for key, value in zip(names, positional, strict=False)}
    for argument in given:
        key = argument.name or "-"
        mine = {plain(each): each for each in ("betas", *signatures[kind])}.get(plain(key), ARGUMENTS.get(plain(key)))
        if plain(key) == "gamma":
            mine = "factor" if "factor" in signatures[kind] else "decay"
        values[mine or "-"] = argument.value.span.text
    if "betas" in values:
        values |= dict(zip(("beta1", "beta2"), re.findall(r"[\w.+-]+", values["betas"]), strict=False))
    parts = [f"{key} = {values[key]}" for key in signatures[kind] if key in values]
    return f"{kind}({', '.join(parts)})" if parts else kind


_DATA = tree.Number | tree.List | tree.Tuple


def size_first(layer: str, numbers: Sequence[object]) -> str:
    """What to write where the size of what comes in was given first, as in `fc(784, 10)` or `conv(3, 64, 5)`, of which
    `numbers` are the positional arguments; nothing where that is not the mistake."""
    whole = [number for number in numbers if isinstance(number, int) and not isinstance(number, bool)]
    if len(whole) != len(numbers) or len(whole) < SIZE_FIRST.get(layer, 99):
        return ""
    rest = f"({', '.join(map(str, whole[1:3]))})" if len(whole) > 1 else ""
    return f"write `{layer}{rest}`: {_KNOWN_SIZE}"


def kernel_first(layer: str, numbers: Sequence[object]) -> str:
    """What more to say where the maps stand in place of a kernel that is too large: `conv(3, 64)`, `conv(3, 64, 3)`."""
    match numbers:
        case [int(kernel), int(maps)] if layer == "conv" and kernel in USUAL_KERNELS and kernel < maps:
            return f"; if {maps} maps are meant, write `conv({maps}, {kernel})`"
        case [int(channels), int(maps), int(kernel)] if layer == "conv" and max(channels, kernel) < maps:
            return f"; if {maps} maps are meant, write `conv({maps}, {kernel})`"
    return ""


def by_name(layer: str, texts: Sequence[str], place: int) -> str:
    """What to write for the positional arguments from `place` on, `texts`, which stand in another library's order;
    nothing where there is none."""
    order = LAYERS.get("convtranspose2d" if layer == "deconv" else f"{layer}2d", "").split(" ")[1:]
    if len(texts) > len(order):
        return ""
    named = ", ".join(f"{name} = {text}" for name, text in zip(order[place:], texts[place:], strict=False))
    help = f"write `{named}`"
    match [int(text) for text in texts if text.isdecimal()]:
        case [channels, maps, kernel, *_] if order[0] == "maps" and max(channels, kernel, *USUAL_KERNELS) < maps:
            rest = [f"{name} = {text}" for name, text in zip(order[2:], texts[3:], strict=False)]
            help += f"; if {maps} maps are meant, `{layer}({', '.join([*texts[1:3], *rest])})`"
    return help


def call_text(base: tree.Expr, arguments: Sequence[tree.Argument], signature: Sequence[str]) -> str:
    """A call of another library's layer as it is written here; `signature` has the arguments of the layer here."""
    name = base.name if isinstance(base, tree.Field) else base.span.text
    layer = layer_of(name)
    order = LAYERS.get(plain(name), " ".join((layer, *signature))).split(" ")[1:]
    given = [argument.value for argument in arguments if argument.name is None]
    if layer in ("concat", "add", "mul"):
        lists = [value.items if isinstance(value, tree.List | tree.Tuple) else (value,) for value in given]
        inputs = [item.span.text for items in lists for item in items if not isinstance(item, tree.Number)]
        return f"{layer}({', '.join(inputs)})" if inputs else layer
    fed = ""
    if isinstance(base, tree.Field) and base.span.text.startswith(FUNCTIONAL) and given:
        fed = f"{given.pop(0).span.text} -> "
    named = {plain(argument.name): argument.value for argument in arguments if argument.name is not None}
    least = SIZE_FIRST.get(layer, 99) if name != "Conv2D" else 99
    if len(given) + ("kernelsize" in named) >= least and order[:1] != ["-"]:
        given = given[1:]
    values = {key: value_text(value) for key, value in zip(order, given, strict=False) if key != "-"}
    after = ""
    for key, value in named.items():
        text = value_text(value)
        if key == "activation":
            after = f" -> {text}"
        elif key == "returnsequences":
            values |= {"return": "last"} if text == "no" else {}
        elif key == "bidirectional":
            values[key] = {"yes": "concat"}.get(text, text)
        else:
            values[key if key in signature else ARGUMENTS.get(key, key)] = text
    if values.get("pad") == "same" and re.search("[2-9]", values.get("stride", "")):
        # What TensorFlow and Keras do; `same` alone is refused at a stride, since others do otherwise.
        values["pad"] = "same_upper"
    parts: list[str] = []
    for place, key in enumerate(signature):
        if key in values:
            in_order = place < 2 and place == len(parts) and not any(" = " in part for part in parts)
            parts.append(values[key] if in_order else f"{key} = {values[key]}")
    brackets = f"({', '.join(parts)})" if parts else ""
    return f"{fed}{layer}{brackets}{after}"
