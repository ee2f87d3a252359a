"""How what is written in other libraries is written in the language, by the tables of `elsewhere.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..syntax import tree
from .elsewhere import (
    ARGUMENTS,
    CELL_ARGUMENTS,
    DTYPES,
    FUNCTIONAL,
    KNOWN_SIZE,
    LAYERS,
    MODULES,
    OPTIMIZERS,
    REASONS,
    SCHEDULES,
    SIZE_FIRST,
    USUAL_KERNELS,
    VALUES,
    WRAPPERS,
    absent,
    layer_of,
    meaning,
    plain,
)

# A layer of TensorFlow and Keras: `Conv2D`, where PyTorch has `Conv2d`.
_KERAS = r"\w*[1-3]D(Transpose)?|Dense|BatchNormalization|LayerNormalization|Reshape|Permute|ZeroPadding[12]D"
_DECIMAL = r"[0-9]+(\.[0-9]+)?([eE]-?[0-9]{1,2})?"
_WHOLE = r"-?[0-9]+"
# What is written there for the size of the batch.
_BATCH = r"-1|N|B|bs|batch(_?size)?|\w+\.(size\(0\)|shape\[0\])"
_INPUT_SIZES = ("shape", "inputshape", "batchshape", "batchinputshape")
# No heights and widths, which stand before a last size of 1, 3 or 4 where the channels come last.
_SMALL = tuple("1234567")
# Whether norms have a trained factor and a trained shift.
_AFFINE = {
    **dict.fromkeys(("affine", "elementwiseaffine"), ("scale", "shift")),
    "center": ("shift",),
    "bias": ("shift",),
}
# The longest list that is repeated in full.
SHOWN = 8
_DATA = tree.Number | tree.List | tree.Tuple


class Written(NamedTuple):
    """What is written here for something of another library, and its arguments that have no counterpart."""

    text: str
    left: tuple[str, ...] = ()

    @property
    def help(self) -> str:
        if not self.left:
            return f"write `{self.text}`"
        verb = "has" if len(self.left) == 1 else "have"
        return f"write `{self.text}`; {', '.join(f'`{name}`' for name in self.left)} {verb} no counterpart here"


def value_text(expr: tree.Expr) -> str:
    """A value as it is written here: `True` is `yes`, `"same"` is `same`, `nn.ReLU()` is `relu`."""
    match expr:
        case tree.Name(id=name):
            return VALUES.get(plain(name)) or meaning(name) or (name.lower() if name[0].isupper() else name)
        case tree.String(value=text) if re.fullmatch(r"[A-Za-z_]\w*", text, re.ASCII):
            return meaning(text) or text.lower()
        case tree.String(value=text):
            return text
        case tree.Call(base=base, arguments=()):
            return value_text(base)
        case tree.Field(base=tree.Name(id=module), name=name) if module in MODULES:
            return meaning(name) or name.lower()
    return expr.span.text


def decay_text(momentum: str, keras: bool | None = None) -> str:
    """The share of running statistics that is kept, from a momentum: for Keras that is the share of the old, for
    PyTorch that of the new; where nothing says which it is, a small one is PyTorch's."""
    from decimal import Decimal

    if not re.fullmatch(_DECIMAL, momentum):
        return momentum if keras else f"1 - {momentum}"
    share = Decimal(momentum)
    return momentum if keras or (keras is None and share >= Decimal("0.5")) else str(1 - share)


def argument_help(layer: str, argument: tree.Argument, known: Iterable[str]) -> str:
    """What to write for an argument that another library's layer has; nothing when it is not known."""
    known = set(known)
    key, text = plain(argument.name or ""), value_text(argument.value)
    target = ARGUMENTS.get(key)
    if key == "bias" and layer == "lrn":
        target = "k"
    if key == "momentum" and "decay" in known:
        return f"write `decay = {decay_text(text)}`, the share that is kept: 1 − PyTorch's momentum, 0.9 by default"
    if key == "gamma" and known & {"factor", "decay"}:
        return f"write `{'factor' if 'factor' in known else 'decay'} = {text}`"
    if key == "betas" and "beta1" in known:
        return "write `beta1 = 0.9, beta2 = 0.999`, each by its name"
    if key == "etamin" and "floor" in known:
        return "write `floor = …`, the share of the learning rate that is left"
    if key == "returnsequences" and "return" in known:
        return "write `return = last`" if text == "no" else "leave it out: a cell gives the whole sequence"
    if key in CELL_ARGUMENTS and "return" in known and target not in known:
        answers = CELL_ARGUMENTS[key]
        return answers.get(text, answers[""]).format(layer=layer, text=text)
    if key == "activation":
        return "leave it out" if text == "none" else f"feed its result on: `{layer}(…) -> {text}`"
    if target == "-":
        return f"leave it out: {REASONS.get(key, KNOWN_SIZE)}"
    return f"write `{target} = {text}`" if target in known else ""


def twice_help(layer: str, argument: tree.Argument, given: Sequence[tree.Argument], signature: Sequence[str]) -> str:
    """What to write for an argument under another library's name whose place an argument without a name has taken, as
    in `lstm(32, hidden_size = 64)`; nothing where that is not the mistake."""
    target = ARGUMENTS.get(plain(argument.name or ""), "")
    positional = [each.value.span.text for each in given if each.name is None]
    if target not in signature[: len(positional)]:
        return ""
    place, text = list(signature).index(target), value_text(argument.value)
    if positional[place] == text or place != len(positional) - 1:
        return f"leave it out: `{target}` is given without its name"
    return f"write `{layer}({', '.join([*positional[1:], text])})`: {KNOWN_SIZE}"


def chosen(expr: tree.Expr, signatures: Mapping[str, Sequence[str]]) -> Written | None:
    """A loss, optimizer or schedule of another library as it is written here, where `signatures` are those that can be
    chosen, with their arguments; None when it is not known."""
    base, given = (expr.base, expr.arguments) if isinstance(expr, tree.Call) else (expr, ())
    text = base.value if isinstance(base, tree.String) else base.span.text
    name = base.name if isinstance(base, tree.Field) else text
    own = next((each for each in signatures if plain(each) == plain(name)), "")
    kind, *order = (SCHEDULES.get(plain(name)) or OPTIMIZERS.get(plain(name)) or meaning(name) or own).split(" ")
    if kind not in signatures:
        return None
    names = [key.partition("=")[0] for key in order]
    values = {key: default for key, sign, default in (entry.partition("=") for entry in order) if sign}
    # What they are about comes first there: the parameters, the optimizer.
    positional = [a.value for a in given if a.name is None and isinstance(a.value, _DATA)]
    values |= {key: value_text(value) for key, value in zip(names, positional, strict=False)}
    left = []
    for argument in given:
        key = plain(argument.name or "-")
        mine = {plain(each): each for each in ("betas", *signatures[kind])}.get(key, ARGUMENTS.get(key))
        if key == "gamma":
            mine = "factor" if "factor" in signatures[kind] else "decay"
        values[mine or "-"] = argument.value.span.text
        if argument.name and mine not in ("betas", "-", *signatures[kind]):
            left.append(argument.name)
    if "betas" in values:
        values |= dict(zip(("beta1", "beta2"), re.findall(r"[\w.+-]+", values["betas"]), strict=False))
    parts = [f"{key} = {values[key]}" for key in signatures[kind] if key in values]
    if parts and "prediction" in signatures[kind] and "prediction" not in values:
        parts.insert(0, "…")
    return Written(f"{kind}({', '.join(parts)})" if parts else kind, tuple(left))


def size_first(layer: str, numbers: Sequence[object]) -> str:
    """What to write where the size of what comes in was given first, as in `fc(784, 10)` or `conv(3, 64, 5)`, of which
    `numbers` are the positional arguments; nothing where that is not the mistake."""
    whole = [number for number in numbers if isinstance(number, int) and not isinstance(number, bool)]
    if len(whole) != len(numbers) or len(whole) < SIZE_FIRST.get(layer, 99):
        return ""
    rest = f"({', '.join(map(str, whole[1:3]))})" if len(whole) > 1 else ""
    return f"write `{layer}{rest}`: {KNOWN_SIZE}"


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


def listed(layer: str, texts: Sequence[str]) -> str:
    """What to write where the numbers of a list stand without its brackets, as in `reshape(-1, 10)`."""
    if layer == "transpose" and sorted(texts) in (["1", "2"], ["-1", "-2"]):
        # PyTorch's: the two dimensions that change places.
        texts = ["0", "2", "1"]
    shown = [*texts[:SHOWN], "…"] if len(texts) > SHOWN else texts
    return f"write `{layer}([{', '.join(shown)}])`"


def foreign_help(
    name: str, base: tree.Expr, arguments: Sequence[tree.Argument], signature: Sequence[str] | None
) -> str:
    """What to write for a call, or a name, of another library: `base` with `arguments`, of which `name` is the last
    part. `signature` has the arguments of the layer that it is here; None where it is none. Nothing when it is unknown.
    """
    if name == "range" and arguments:
        last = arguments[-1].value.span.text
        return f"write `{arguments[0].value.span.text if len(arguments) > 1 else 0}..{last}`"
    if name == "enumerate" and arguments:
        items = arguments[0].value
        list = items.span.text if isinstance(items, tree.Name) else "list"
        named = "" if items.span.text == list else f"name it, `let list = {items.span.text}`, and "
        return f"{named}write `for i in 0..len({list}) {{ … }}`, with `{list}[i]` for the item"
    if name == "zip" and arguments:
        return "write the items side by side: `for a, b in [[1, 2], [3, 4]] { … }`"
    if name in ("Input", "InputLayer"):
        return f"write `{_input(arguments)}`"
    if name == "Activation" and arguments:
        return f"write `{value_text(arguments[0].value)}`"
    if plain(name) in WRAPPERS:
        return WRAPPERS[plain(name)]
    if absent(name):
        return absent(name)
    if plain(name).startswith("adaptive") and (size := _size_of_pool(arguments)):
        return f"a pool to a size of {size} is not in the language; `avgpool(k)` and `maxpool(k)` take windows of k×k"
    if signature is None:
        own = base.span.text.partition(".")
        use = f"{own[2]}({', '.join(argument.span.text for argument in arguments)})" if arguments else own[2]
        return f"leave `{own[0]}.` out: `{use}`, of what is bound here" if own[0] in ("self", "this") else ""
    help = call(base, arguments, signature).help
    if layer_of(name) == "layernorm":
        help += (
            "; it normalises the last dimension: the channels of an image by "
            "`transpose([0, 2, 3, 1]) -> layernorm -> transpose([0, 3, 1, 2])`"
        )
    return help


def method_help(base: tree.Expr, name: str, arguments: Sequence[tree.Argument], signature: Sequence[str]) -> str:
    """What to write for `base.name(arguments)`, where the name is a layer's or another library's for one."""
    layer = layer_of(name)
    if layer in ("concat", "add", "mul"):
        return f"write `{layer}({', '.join([base.span.text, *(each.span.text for each in arguments)])})`"
    # A `reshape` of PyTorch's tensors names the batch too.
    there = "view" if layer == "reshape" else name
    return f"write `{_call(there, f'{base.span.text} -> ', arguments, signature).text}`"


def _size_of_pool(arguments: Sequence[tree.Argument]) -> str:
    """The size that an adaptive pool makes, where it is not 1."""
    sizes = re.findall(r"\w+", arguments[0].value.span.text) if arguments else []
    return "×".join(sizes) if set(sizes) - {"1"} else ""


def _items(expr: tree.Expr) -> list[str]:
    while isinstance(expr, tree.Group):
        expr = expr.value
    items = expr.items if isinstance(expr, tree.List | tree.Tuple) else (expr,)
    return [item.span.text for item in items]


def _input(arguments: Sequence[tree.Argument]) -> str:
    """The declaration of an input, by what `Input` of Keras is given: sizes without the batch, channels last."""
    given = {plain(argument.name or "shape"): argument.value for argument in arguments}
    shape = next((given[key] for key in _INPUT_SIZES if key in given), None)
    sizes = _items(shape) if shape is not None else ["3", "224", "224"]
    if "batchshape" in given or "batchinputshape" in given:
        sizes = sizes[1:]
    match sizes:
        case [height, width, ("1" | "3" | "4") as channels] if all(size not in _SMALL for size in (height, width)):
            sizes = [channels, height, width]
    open_ = iter("HW" if len(sizes) == 3 else "TU")
    sizes = [next(open_, "L") if size == "None" else size for size in sizes]
    dtype = value_text(given["dtype"]) if "dtype" in given else "f32"
    name = "image" if len(sizes) == 3 else "x"
    return f"input {name}: {DTYPES.get(dtype, dtype)}[{', '.join(['N', *sizes])}]"


def call(base: tree.Expr, arguments: Sequence[tree.Argument], signature: Sequence[str]) -> Written:
    """A call of another library's layer as it is written here; `signature` has the arguments of the layer here."""
    name = base.name if isinstance(base, tree.Field) else base.span.text
    layer = layer_of(name)
    given = [argument.value for argument in arguments if argument.name is None]
    if layer in ("concat", "add", "mul"):
        inputs = [text for value in given for text in _items(value) if not re.fullmatch(_WHOLE, text)]
        return Written(f"{layer}({', '.join(inputs)})" if inputs else layer)
    fed = ""
    if (
        isinstance(base, tree.Field)
        and base.span.text.startswith(FUNCTIONAL)
        and given[:1]
        and not isinstance(given[0], tree.Number)
    ):
        fed = re.sub(r"\b(self|this)\.", "", given[0].span.text) + " -> "
        arguments = [argument for argument in arguments if argument.value is not given[0]]
    return _call(name, fed, arguments, signature)


def _call(name: str, fed: str, arguments: Sequence[tree.Argument], signature: Sequence[str]) -> Written:
    """A layer's call in order and by name, behind what is fed into it."""
    layer, keras = layer_of(name), bool(re.fullmatch(_KERAS, name, re.ASCII))
    order = LAYERS.get(plain(name), " ".join((layer, *signature))).split(" ")[1:]
    given = [argument.value for argument in arguments if argument.name is None]
    named = {argument.name: argument.value for argument in arguments if argument.name is not None}
    if layer in ("reshape", "transpose"):
        return Written(f"{fed}{_of_list(name, layer, [*given, *named.values()])}")
    least = 99 if keras or order[:1] in (["-"], ["kernel"]) else SIZE_FIRST.get(layer, 99)
    if len(given) + any(plain(key) == "kernelsize" for key in named) >= least:
        given = given[1:]
    values = {key: value_text(value) for key, value in zip(order, given, strict=False) if key != "-"}
    mine, after, left = {plain(each): each for each in signature}, "", []
    for own, value in named.items():
        key, text = plain(own), value_text(value)
        if key == "activation":
            after = "" if text in ("none", "no", "linear") else f" -> {text}"
        elif key == "returnsequences":
            values |= {"return": "last"} if text == "no" else {}
        elif key == "bidirectional":
            values[key] = {"yes": "concat"}.get(text, text)
        elif key == "momentum" and "decay" in signature:
            values["decay"] = decay_text(text, keras)
        elif key in _AFFINE and "shift" in signature:
            values |= dict.fromkeys(_AFFINE[key], text) if text == "no" else {}
        else:
            target = mine.get(key, ARGUMENTS.get(key, key))
            values[target] = text
            left += [own] if target not in (*signature, "-") else []
    if layer == "pad" and "pad" in values:
        values["pad"] = _margins(values["pad"], keras)
    if values.get("pad") == "same" and re.search("[2-9]", values.get("stride", "")):
        # What TensorFlow and Keras do; `same` alone is refused at a stride, since others do otherwise.
        values["pad"] = "same_upper"
    if plain(name).startswith(("depthwise", "separable")):
        # A kernel for each map; Keras has no bias between the two of a separable one.
        one = plain(name).startswith("separable")
        after = f" -> conv({values.get('maps', '…')}, 1){after}" if one else after
        values |= {"maps": "it.channels", "groups": "it.channels", **({"bias": "no"} if one else {})}
    return Written(f"{fed}{layer}{_brackets(values, signature)}{after}", tuple(left))


def _brackets(values: Mapping[str, str], signature: Sequence[str]) -> str:
    """The arguments in brackets, the first two of a layer without their names."""
    parts: list[str] = []
    for place, key in enumerate(signature):
        if key in values:
            in_order = (
                key not in ("decay", "eps")
                and place < 2
                and place == len(parts)
                and not any(" = " in part for part in parts)
            )
            parts.append(values[key] if in_order else f"{key} = {values[key]}")
    return f"({', '.join(parts)})" if parts else ""


def _margins(text: str, keras: bool) -> str:
    """Zeros around an image: Keras has ((top, bottom), (left, right)), PyTorch (left, right, top, bottom)."""
    sizes = re.findall(r"\w+", text)
    if len(sizes) == 4 and not keras:
        sizes = [*sizes[2:], *sizes[:2]]
    return f"({', '.join(sizes)})" if len(sizes) > 1 else text


def _of_list(name: str, layer: str, given: Sequence[tree.Expr]) -> str:
    """`view`, `Reshape`, `permute` and the like, which are given numbers or a list of them."""
    texts = [text for value in given for text in _items(value)]
    if not texts:
        return layer
    if layer == "transpose":
        if all(re.fullmatch(_WHOLE, text) for text in texts) and "0" not in texts and len(texts) > 2:
            texts = ["0", *texts]
        return listed(layer, texts).removeprefix("write `").removesuffix("`")
    if plain(name) == "view" and len(texts) > 1 and re.fullmatch(_BATCH, texts[0], re.ASCII):
        texts = texts[1:]
    return "flatten" if texts == ["-1"] else f"reshape([{', '.join(texts)}])"
