"""The schedule of a `train` block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..syntax import tree
from ..training import catalogue
from ..training.settings import Phase
from .numbers import whole
from .training import SCHEDULES

if TYPE_CHECKING:
    from .settings import Reader


def read_schedule(reader: Reader, expr: tree.Expr) -> tuple[Phase, ...]:
    """The parts of a schedule, one after the other. Raises Broken."""
    items = expr.items if isinstance(expr, tree.List) else (expr,)
    if isinstance(expr, tree.List) and all(isinstance(item, tree.Number) for item in items):
        texts = [item.span.text for item in items]
        example = "[constant(30), exponential(0.9)]"
        if all(whole(item.value) for item in items if isinstance(item, tree.Number)):
            example = f"step(0.1, at = [{', '.join(texts)}])"
        raise reader.report(
            "bad-argument",
            f"the parts of a schedule are schedules, and {texts[0] if texts else 'nothing'} is a number",
            expr.span,
            f"write `{example}`; the learning rate itself stands in the optimizer",
        )
    return tuple(_phase(reader, item, last=place == len(items) - 1) for place, item in enumerate(items))


def _phase(reader: Reader, expr: tree.Expr, *, last: bool) -> Phase:
    kind, arguments = reader.function(expr, SCHEDULES, "a schedule", "step(factor = 0.1, every = 30)")
    if kind == "step":
        return _step(reader, expr, arguments, last=last)
    values: dict[str, float | None] = {}
    for name, default in catalogue.SCHEDULES[kind].arguments.items():
        values[name] = reader.number(name, arguments[name]) if name in arguments else default
        if values[name] is None and name != "epochs":
            help = f"write `{kind}({name} = …)`"
            raise reader.report("missing-argument", f"`{kind}` needs `{name}`", expr.span, help)
    epochs = values.pop("epochs", None)
    if epochs is None and kind == "warmup":
        raise reader.report("missing-argument", "`warmup` needs `epochs`", expr.span, "write `warmup(epochs = 5)`")
    if epochs is None and not last:
        raise _endless(reader, kind, expr)
    numbers = tuple(value for value in values.values() if value is not None)
    return Phase(cast(Any, kind), numbers, None if epochs is None else int(epochs))


def _step(reader: Reader, expr: tree.Expr, arguments: dict[str, tree.Expr], *, last: bool) -> Phase:
    """`step`, by `every` or `at`."""
    texts = {name: value.span.text for name, value in arguments.items()}
    factor, every = texts.get("factor", "0.1"), texts.get("every", "30")
    if "every" in arguments and isinstance(arguments["every"], tree.List):
        help = f"epochs are listed by `at`: write `step({factor}, at = {every})`"
        raise reader.report("bad-argument", "`every` is one number of epochs", arguments["every"].span, help)
    if "factor" not in arguments or ("every" in arguments) is ("at" in arguments):
        lacks = "`factor`" if "factor" not in arguments else "one of `every` and `at`"
        help = f"write `step({factor}, every = {every})`, or `step({factor}, at = {texts.get('at', '[30, 60]')})`"
        raise reader.report("missing-argument", f"`step` needs {lacks}", expr.span, help)
    if "every" in arguments and _is_share(arguments["every"]):
        # PyTorch's StepLR(optimizer, step_size, gamma).
        help = f"the factor comes first: write `step({every}, every = {factor})`"
        raise reader.report("bad-argument", f"`every` is a number of epochs, not {every}", expr.span, help)
    if not last:
        raise _endless(reader, "step", expr)
    number = reader.number("factor", arguments["factor"])
    if "every" in arguments:
        return Phase("step", (number, reader.number("every", arguments["every"])), None)
    return Phase("milestones", (number, *_epochs(reader, arguments["at"])), None)


def _epochs(reader: Reader, expr: tree.Expr) -> tuple[float, ...]:
    epochs = reader.value(expr)
    items = epochs if isinstance(epochs, tuple) else (epochs,)
    if not items or not all(whole(item) and item >= 1 for item in items) or sorted(set(items)) != list(items):
        help = "write `at = [30, 60, 90]`"
        raise reader.report("bad-argument", "`at` lists epochs from 1 up, in order", expr.span, help)
    return tuple(item for item in items if whole(item))


def _is_share(expr: tree.Expr) -> bool:
    return isinstance(expr, tree.Number) and isinstance(expr.value, float) and expr.value < 1


def _endless(reader: Reader, kind: str, expr: tree.Expr) -> Exception:
    lasts = "epochs" in catalogue.SCHEDULES[kind].arguments
    help = f"give its length: `{kind}(epochs = 5)`" if lasts else "put it last"
    message = f"`{kind}` goes on to the end, and there is more after it"
    return reader.report("missing-argument", message, expr.span, help)
