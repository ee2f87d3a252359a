"""What a spec can name beside layers and cells, with a page for each: operators, initialisers, figures, and what stands
in a `train` block."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from .graph.initial import INITIALS
from .graph.initial import TEXTS as INITIAL_TEXTS
from .resolve.words import METRICS, OPERATORS
from .training import catalogue
from .training.catalogue import Function


class Entry(NamedTuple):
    """A name, how it is written, and what it is, in the form of a layer's docstring; `alias` is another name of it."""

    name: str
    signature: str
    text: str
    alias: str = ""

    @property
    def summary(self) -> str:
        """The first paragraph in one line."""
        return self.text.split("\n\n")[0].replace("\n", " ")


class Section(NamedTuple):
    """Names of one kind, and what they have in common."""

    title: str
    about: str
    entries: tuple[Entry, ...]


def _written(name: str, arguments: Mapping[str, float | bool | None], optional: tuple[str, ...] = ()) -> str:
    """`sgd(lr, momentum = 0, nesterov = no)`."""
    parts = []
    for argument, default in arguments.items():
        if isinstance(default, bool):
            parts.append(f"{argument} = {'yes' if default else 'no'}")
        elif default is not None:
            parts.append(f"{argument} = {default:g}")
        else:
            parts.append(f"{argument} = …" if argument in optional else argument)
    return f"{name}({', '.join(parts)})" if parts else name


def _functions(functions: Mapping[str, Function]) -> tuple[Entry, ...]:
    return tuple(Entry(name, _written(name, f.arguments, f.optional), f.text) for name, f in functions.items())


# Numbers for the arguments that an initialiser must be given, in its example.
_NUMBERS = {
    "constant": "0.1",
    "normal": "0.02",
    "trunc_normal": "0.02",
    "uniform": "-0.1, 0.1",
    "recurrent_uniform": "64",
}


def _initial(name: str) -> Entry:
    given = f"{name}({_NUMBERS[name]})" if name in _NUMBERS else name
    return Entry(name, _written(name, INITIALS[name]), f"{INITIAL_TEXTS[name]}\n\nExample: `fc(10, init = {given})`")


def _operator(sign: str) -> Entry:
    text = (
        f"{OPERATORS[sign]}\n\nShapes: [N, …], [N, …] → the larger size in each dimension.\n"
        f"Parameters: none. MACs: none. FLOPs: 1 per element of the result.\nExample: `a {sign} b`"
    )
    return Entry(sign, f"a {sign} b", text, {"-": "sub", "/": "div"}.get(sign, ""))


SECTIONS = (
    Section(
        "Operators",
        "Two tensors of one rank, in each dimension of equal sizes or 1 on one side; or a tensor and a number.",
        tuple(map(_operator, OPERATORS)),
    ),
    Section(
        "Initialisers",
        "What weights start from: `init =` and `bias_init =` of layers, and `param p[units] = …`. Fan in and fan out "
        "are the numbers of inputs and outputs of one unit.",
        tuple(map(_initial, INITIALS)),
    ),
    Section(
        "Training",
        "What stands in a `train` block.",
        tuple(
            Entry(name, 'rule "PATTERN" { … }' if name == "rule" else f"{name} = …", text)
            for name, text in catalogue.SETTINGS.items()
        ),
    ),
    Section(
        "Losses",
        "The mean over all positions that count. A run prints the loss, and where there are classes the accuracy: the "
        "share of positions whose largest score is the target's.",
        _functions(catalogue.LOSSES),
    ),
    Section(
        "Optimizers",
        "p is a parameter, g its gradient. Defaults are PyTorch's.",
        (*_functions(catalogue.OPTIMIZERS), *_functions(catalogue.RAMPS)),
    ),
    Section(
        "Schedules",
        "What the learning rate is times, from epoch to epoch. Parts of a list follow each other, `[warmup(5), "
        "cosine(90)]`: all but the last have a length.",
        _functions(catalogue.SCHEDULES),
    ),
    Section(
        "Figures",
        "What an `expect` block compares.",
        tuple(
            Entry(name, re.split(r" [<=]= ", example)[0], f"{text}\n\nExample: `{example}`")
            for name, (text, example) in METRICS.items()
        ),
    ),
)
