"""What a use of a cell takes beside the cell's own parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...runtime.record import Record, fresh, replace
from ..graph.arguments import Word
from ..source import Span
from ..syntax import tree
from .frame import Frame
from .names import CELL_OPTIONS
from .numbers import whole
from .program import Namespace, bundled, find_bundled
from .translate import size_first
from .values import UNKNOWN, Given, Instance, Recipe, Tensor, Unknown, describe

if TYPE_CHECKING:
    from .evaluate import Evaluator

# How often a cell can be stacked on itself in one use.
LAYERS = 1000


class Options(Record, frozen=False):
    """`join` is how two directions become one, None for one direction; `first` are the states to start from."""

    reverse: bool = False
    join: str | None = None
    layers: int = 1
    last: bool = False
    lengths: Tensor | None = None
    states: bool = False
    first: dict[str, Tensor] = fresh(factory=dict)


def states_help(value: tree.Expr, names: list[str], file: Namespace) -> str:
    """What to write where several names are bound to the result of a cell, which gives its last states when it is asked
    to; nothing where that is not the mistake."""
    use = value.items[-1] if isinstance(value, tree.Chain) else value
    arguments = use.arguments if isinstance(use, tree.Call) else ()
    base = use.base if isinstance(use, tree.Call) else use
    found = (file.find(base.id) or find_bundled(base.id)) if isinstance(base, tree.Name) else None
    if found is None or not isinstance(found[0], tree.Cell) or any(given.name == "states" for given in arguments):
        return ""
    states = [s.name for stmt in found[0].body.statements if isinstance(stmt, tree.State) for s in stmt.slots]
    bound = ", ".join([*names[: 1 + len(states)], *states[len(names) - 1 :]])
    before = value.span.text[: use.span.start - value.span.start] if len(value.span.text) < 60 else "… -> "
    given = ", ".join([*(argument.span.text for argument in arguments), "states = yes"])
    return f"for the last states as well, write `{bound} = {before}{base.span.text}({given})`"


def read_options(
    evaluator: Evaluator, recipe: Recipe, item: tree.Cell, span: Span, frame: Frame
) -> tuple[Recipe, Options] | Unknown:
    """A use of a cell with only the cell's own arguments, and its options. Every mistake is reported."""
    if bundled(item.span) and not _check_own(evaluator, recipe, item, frame):
        return UNKNOWN
    own = {parameter.name.id for parameter in item.parameters}
    states = {s.name for stmt in item.body.statements if isinstance(stmt, tree.State) for s in stmt.slots}
    options = Options()
    kept: list[Given] = []
    seen: set[str] = set()
    for given in recipe.arguments:
        name = given.name
        if name is None or name in own or name not in (*states, *CELL_OPTIONS):
            kept.append(given)
            continue
        if name in seen:
            help = "give each argument once"
            evaluator.report(frame, "duplicate-argument", f"`{name}` is given twice", given.span, help=help)
            return UNKNOWN
        seen.add(name)
        wanted = _state(options, name, given.value) if name in states else _option(options, name, given.value)
        if isinstance(given.value, Unknown):
            return UNKNOWN
        if wanted:
            message = f"`{name}` of `{recipe.name}` is {wanted}, not {describe(given.value)}"
            help = _EXAMPLES.get(name, _STATE.format(name))
            if type(given.value) is str and name in CELL_OPTIONS and not _option(options, name, Word(given.value)):
                help = f"write `{name} = {given.value}`, without quotes"
            evaluator.report(frame, "bad-argument", message, given.span, help=help)
            return UNKNOWN
    if options.join is not None and options.reverse:
        message = "`bidirectional` runs in both directions, and `reverse` is one of them"
        evaluator.report(frame, "bad-argument", message, span, help="leave `reverse` out")
        return UNKNOWN
    if (options.states or options.first) and (options.layers > 1 or options.join):
        evaluator.report(
            frame,
            "bad-argument",
            f"`{recipe.name}` gives and takes states for one layer in one direction",
            span,
            help="write one use for each layer and direction: `y, h = x -> gru(64, states = yes)`",
        )
        return UNKNOWN
    return replace(recipe, arguments=tuple(kept)), options


def _check_own(evaluator: Evaluator, recipe: Recipe, item: tree.Cell, frame: Frame) -> bool:
    """Whether the own parameters of a bundled cell are what its equations read; what is not is reported."""
    names = [parameter.name.id for parameter in item.parameters]
    for place, given in enumerate(recipe.arguments):
        name = given.name or (names[place] if place < len(names) else "")
        fits, wanted, example = _OWN.get(name, _ANYTHING)
        if isinstance(given.value, Unknown) or fits(given.value):
            continue
        first = size_first(recipe.name, [g.value for g in recipe.arguments if g.name is None]) if not given.name else ""
        message = f"`{name}` of `{recipe.name}` is {wanted}, not {describe(given.value)}"
        evaluator.report(frame, "bad-argument", message, given.span, help=first or f"write `{name} = {example}`")
        return False
    return True


_Own = tuple[Callable[[object], bool], str, str]
_ANYTHING: _Own = (lambda _: True, "", "")
_SIZE: _Own = (lambda value: type(value) is int and value >= 1, "a whole number from 1 up", "64")
_FLAG: _Own = (lambda value: isinstance(value, bool), "`yes` or `no`", "yes")
_LAYER: _Own = (lambda value: isinstance(value, Recipe | Instance), "a layer", "relu")
_OWN: dict[str, _Own] = {
    "units": _SIZE,
    "outputs": _SIZE,
    "peephole": _FLAG,
    "coupled": _FLAG,
    "biases": (lambda value: type(value) is int and value in (1, 2), "1 or 2", "1"),
    "reset": (lambda value: value in (Word("after"), Word("before")), "`after` or `before`", "before"),
    "activation": _LAYER,
    "hidden": _LAYER,
    "out": _LAYER,
}
_STATE = "feed it a tensor of the state's size: `gru(64, {} = s)`"
_EXAMPLES = {
    "reverse": "write `reverse = yes` or `reverse = no`",
    "bidirectional": "write `bidirectional = concat` or `bidirectional = sum`",
    "layers": "write `layers = 2`",
    "return": "write `return = last` or `return = sequence`",
    "lengths": "declare `input lengths: i64[N]`, and write `lengths = lengths`",
    "states": "write `y, h = x -> gru(64, states = yes)`",
}


def _state(options: Options, name: str, value: object) -> str:
    if not isinstance(value, Tensor):
        return "a tensor that the state starts from"
    options.first[name] = value
    return ""


def _option(options: Options, name: str, value: object) -> str:
    """Set an option; what it takes, when the value is something else."""
    word = value.name if isinstance(value, Recipe) and not value.arguments else "" if type(value) is str else str(value)
    match name:
        case "reverse" if isinstance(value, bool):
            options.reverse = value
        case "states" if isinstance(value, bool):
            options.states = value
        case "bidirectional" if value is False or word in ("concat", "sum"):
            options.join = None if value is False else word
        case "return" if word in ("last", "sequence"):
            options.last = word == "last"
        case "layers" if isinstance(value, int) and whole(value) and 1 <= value <= LAYERS:
            options.layers = value
        case "lengths" if isinstance(value, Tensor) and value.value.type.dtype == "i64" and value.value.type.rank == 1:
            options.lengths = value
        case _:
            return CELL_OPTIONS[name]
    return ""
