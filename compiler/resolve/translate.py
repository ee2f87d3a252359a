"""How what is written in other libraries is written in the language, by the tables of `elsewhere.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ..syntax import tree
from .elsewhere import (
    ARGUMENTS,
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
    layer_of,
    meaning,
    plain,
)


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
        return f"leave it out: {REASONS.get(key, KNOWN_SIZE)}"
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
    if name in WRAPPERS:
        return WRAPPERS[name]
    return "" if signature is None else f"write `{call_text(base, arguments, signature)}`"


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
