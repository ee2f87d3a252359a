"""The `train` block: which settings there are, and the check of their names and arguments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..source import Span
from ..syntax import tree
from ..training import catalogue
from .elsewhere import OPTIONS, absent, meaning, plain
from .translate import Written, argument_help, chosen

if TYPE_CHECKING:
    from .names import NameCheck, Scope

SETTINGS = tuple(name for name in catalogue.SETTINGS if name != "rule")
NEEDED = {"loss": "loss = cross_entropy", "optimizer": "optimizer = sgd(lr = 0.01)"}
OF_THE_OPTIMIZER = {
    **dict.fromkeys(("lr", "learningrate"), "lr"),
    **dict.fromkeys(("momentum", "mom"), "momentum"),
    **dict.fromkeys(("weightdecay", "wd"), "weight_decay"),
}
RULE_SETTINGS = ("lr", "weight_decay")

# The functions of each setting, with the names of their arguments in order.
LOSSES, OPTIMIZERS, SCHEDULES, RAMPS = (
    {name: tuple(function.arguments) for name, function in functions.items()}
    for functions in (catalogue.LOSSES, catalogue.OPTIMIZERS, catalogue.SCHEDULES, catalogue.RAMPS)
)
FUNCTIONS = {"loss": LOSSES, "optimizer": OPTIMIZERS, "schedule": SCHEDULES}


def check_train(check: NameCheck, statement: tree.Train, scope: Scope) -> None:
    """Report settings, functions and arguments of a `train` block that do not exist."""
    seen: set[str] = set()
    optimizer = _optimizer(statement)
    for setting in statement.settings:
        if isinstance(setting, tree.Rule):
            for inner in setting.settings:
                _known(check, inner, RULE_SETTINGS, "rule")
                _value(check, inner.value, {}, scope)
            continue
        if setting.name.id in seen:
            check.report("duplicate-name", f"`{setting.name.id}` is set twice", setting.name.span, help="set it once")
        seen.add(setting.name.id)
        if _known(check, setting, SETTINGS, optimizer=optimizer):
            _value(check, setting.value, FUNCTIONS.get(setting.name.id, {}), scope)
    lacks = [name for name in NEEDED if name not in seen]
    if lacks and seen <= set(SETTINGS) and not check.space.file.suspects:
        # A setting that was reported may be the one that lacks.
        check.warn(
            "incomplete-train",
            f"`train` has no {' and no '.join(lacks)}, so `netc train` cannot train this net",
            Span(statement.span.source, statement.span.start, statement.span.start + len("train")),
            help=f"write `{'; '.join(NEEDED[name] for name in lacks)}`",
        )


def _optimizer(statement: tree.Train) -> str:
    """The optimizer that a block names, or one that it might."""
    values = [s.value for s in statement.settings if isinstance(s, tree.Setting) and s.name.id == "optimizer"]
    base = values[0].base if values and isinstance(values[0], tree.Call) else values[0] if values else None
    return base.id if isinstance(base, tree.Name) and base.id in OPTIMIZERS else "sgd"


def _known(
    check: NameCheck, setting: tree.Setting, names: tuple[str, ...], word: str = "train", optimizer: str = ""
) -> bool:
    name = setting.name.id
    if name in names:
        return True
    help = check.meant(name, names) or f"its settings are {', '.join(names)}"
    if word == "train" and plain(name) in OPTIONS:
        value = setting.value.span.text if isinstance(setting.value, tree.Number) else "…"
        help = f"it is an option: `netc train {OPTIONS[plain(name)]} {value}`"
    elif absent(name):
        help = absent(name)
    elif meaning(name) in names:
        known = chosen(setting.value, FUNCTIONS.get(meaning(name) or "", {})) or Written(setting.value.span.text)
        help = Written(f"{meaning(name)} = {known.text}", known.left).help
    elif word == "train" and plain(name) in OF_THE_OPTIMIZER:
        argument = f"{OF_THE_OPTIMIZER[plain(name)]} = {setting.value.span.text}"
        first = "lr = 0.01, " if optimizer == "sgd" and not argument.startswith("lr") else ""
        help = f"it belongs to the optimizer: `optimizer = {optimizer}({first}{argument})`"
    check.report("unknown-setting", f"`{word}` has no setting `{name}`", setting.name.span, help=help)
    return False


def _value(check: NameCheck, expr: tree.Expr, functions: dict[str, tuple[str, ...]], scope: Scope) -> None:
    match expr:
        case tree.Name(id=name) if name in functions:
            return
        case tree.Name(id=name) if functions and scope.find(name) is None:
            _unknown(check, expr, expr, name, functions)
        case tree.Call(base=tree.Name(id=name), arguments=arguments) if name in functions or name in RAMPS:
            _arguments(check, name, arguments, {**functions, **RAMPS}[name])
            for argument in arguments:
                _value(check, argument.value, {}, scope)
        case tree.Call(base=tree.Name(id=name)) if functions:
            _unknown(check, expr.base, expr, name, functions)
        case tree.Call(base=tree.Field(name=name)) if functions:
            _unknown(check, expr.base, expr, name, functions)
        case tree.String() if functions:
            known = chosen(expr, functions)
            help = f"write `{known.text}`, without quotes" if known else f"choose one of {', '.join(functions)}"
            check.report("bad-argument", "a name is chosen here, not a text", expr.span, help=help)
        case tree.Chain(_, items) if functions is SCHEDULES:
            _parts(check, expr, items)
        case tree.Arithmetic(_, first, rest) if functions is SCHEDULES:
            _parts(check, expr, (first, *(item for _, item in rest)))
        case tree.List(_, items):
            for item in items:
                _value(check, item, functions, scope)
        case tree.Group(_, value):
            _value(check, value, functions, scope)
        case tree.Arithmetic(_, first, rest):
            for item in (first, *(item for _, item in rest)):
                _value(check, item, functions, scope)
        case tree.Number():
            return
        case _:
            check.expression(expr, scope, "value")


def _parts(check: NameCheck, expr: tree.Expr, items: Iterable[tree.Expr]) -> None:
    help = f"write `[{', '.join(item.span.text for item in items)}]`"
    check.report("bad-argument", "the parts of a schedule stand in a list", expr.span, help=help)


def _unknown(
    check: NameCheck, place: tree.Expr, whole: tree.Expr, name: str, functions: dict[str, tuple[str, ...]]
) -> None:
    known = chosen(whole, functions)
    choices = f"choose one of {', '.join(functions)}"
    help = known.help if known else absent(name) or check.meant(name, functions) or choices
    check.report("undefined-name", f"there is no `{name}` to choose here", place.span, help=help)


def _arguments(check: NameCheck, name: str, arguments: tuple[tree.Argument, ...], names: tuple[str, ...]) -> None:
    for place, argument in enumerate(arguments):
        if argument.name is not None and argument.name not in names:
            check.report(
                "unknown-argument",
                f"`{name}` has no argument `{argument.name}`",
                argument.span,
                help=argument_help("", argument, names)
                or check.meant(argument.name, names)
                or f"its arguments are {', '.join(names)}",
            )
        elif argument.name is None and place >= len(names):
            check.report(
                "too-many-arguments",
                f"`{name}` takes at most {len(names)} arguments",
                argument.span,
                help=f"its arguments are {', '.join(names)}",
            )
