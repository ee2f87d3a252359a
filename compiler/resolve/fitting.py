"""What to write where an argument's value is not what a layer takes."""

from __future__ import annotations

import re

from ...runtime.record import replace
from ..graph.arguments import ArgumentError, Signature, Word
from ..graph.dims import Poly
from .elsewhere import meaning
from .translate import listed, size_first
from .values import Given, Instance, Recipe, write
from .words import WORDS


def fitting(recipe: Recipe, wanted: Signature, given: Given, value: object) -> str:
    """The way out where `value`, of what is given, is not one that the argument `wanted` takes."""
    layer = recipe.name
    whole = round(value) if isinstance(value, float) and value >= 1 else 0
    # What stands without a name in front of others that have none is written so again.
    named = f"{wanted.name} = " if given.name is not None else ""
    help = f"write `{named}{wanted.example.removeprefix(f'{wanted.name} = ')}`, for example"
    if isinstance(value, Poly):
        help = f"bind it: `--dim {value.symbols[0]}=…`"
    elif isinstance(value, Recipe) and wanted.annotation != "Instance":
        help = f"brackets hold numbers and words; a layer feeds another by `->`: `{fed(recipe)}`"
    elif whole and _takes(wanted, whole):
        help = f"write `{named}{whole}`, or round it by `round(…)`, `floor(…)` or `ceil(…)`"
    elif type(value) is str and (meant := _without_quotes(wanted, value)):
        help = f"write `{named}{meant}`, without quotes"
    elif given.name is None and wanted.annotation in ("Sizes", "Counts") and _whole(recipe):
        help = listed(layer, [each.span.text for each in recipe.arguments if each.name is None])
    elif given.name is None and layer != "conv" and size_first(layer, positional(recipe)):
        help = size_first(layer, positional(recipe))
    elif isinstance(value, Instance):
        help = f"feed `{value.name}` first: `value -> {value.name}`"
    return help


def positional(recipe: Recipe) -> list[object]:
    return [given.value for given in recipe.arguments if given.name is None]


def _whole(recipe: Recipe) -> bool:
    return all(isinstance(value, int | Poly) and not isinstance(value, bool) for value in positional(recipe))


def _without_quotes(wanted: Signature, text: str) -> str:
    """What stands in quotes, as a value that an argument takes; nothing where it takes none like that."""
    for word in (text, text.lower(), meaning(text) or ""):
        if word and (_takes(wanted, Word(word)) or (word in WORDS and _takes(wanted, WORDS[word]))):
            return word
    if not re.fullmatch(r"[0-9]{1,9}(x[0-9]{1,9})*", text, re.ASCII):
        return ""
    sizes = tuple(int(size) for size in text.split("x"))
    return text if _takes(wanted, sizes if len(sizes) > 1 else sizes[0]) else ""


def _takes(wanted: Signature, value: object) -> bool:
    try:
        wanted.convert(value)
    except ArgumentError:
        return False
    return True


def fed(recipe: Recipe) -> str:
    """The layers in the brackets of a layer as what it is fed."""
    layers = [a.value for a in recipe.arguments if isinstance(a.value, Recipe)]
    rest = replace(recipe, arguments=tuple([a for a in recipe.arguments if a.value not in layers]))
    short = len(layers) > 2
    shown = [f"{each.name}(…)" if short and each.arguments else write(each) for each in layers]
    return f"({', '.join(shown)}) -> {write(rest)}" if len(shown) > 1 else f"{shown[0]} -> {write(rest)}"
