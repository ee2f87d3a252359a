"""The loss of a `train` block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from ..graph.axes import class_axis
from ..graph.tensor import TensorType
from ..source import Span
from ..syntax import tree
from ..training.settings import LossCall, LossKind
from .training import LOSSES
from .values import Tensor, describe

if TYPE_CHECKING:
    from .settings import Broken, Reader


def read_loss(reader: Reader, expr: tree.Expr, weight: float = 1.0) -> Iterable[LossCall]:
    """The terms of a loss: sums, differences and multiples of losses."""
    match expr:
        case tree.Group(value=value):
            yield from read_loss(reader, value, weight)
        case tree.Name(id=name) if name in LOSSES:
            yield _only(reader, cast(LossKind, name), weight, expr.span)
        case tree.Call(base=tree.Name(id=name), arguments=arguments) if name in LOSSES:
            yield _call(reader, cast(LossKind, name), arguments, weight, expr.span)
        case tree.Arithmetic(first=first, rest=rest) if rest[0][0] in ("+", "-"):
            yield from read_loss(reader, first, weight)
            for sign, item in rest:
                yield from read_loss(reader, item, weight if sign == "+" else -weight)
        case tree.Arithmetic(first=first, rest=rest) if all(sign in ("*", "/") for sign, _ in rest):
            yield from _multiple(reader, expr, [("*", first), *rest], weight)
        case _:
            raise _no_loss(reader, expr)


def _no_loss(reader: Reader, expr: tree.Expr) -> Broken:
    return reader.report(
        "bad-argument",
        "a loss is a sum of losses with numbers as weights",
        expr.span,
        "write `cross_entropy(logits, label) + 0.3 * mse(a, b)`",
    )


def _multiple(
    reader: Reader, expr: tree.Expr, factors: list[tuple[str, tree.Expr]], weight: float
) -> Iterable[LossCall]:
    losses = [item for sign, item in factors if sign == "*" and _is_loss(item)]
    if len(losses) != 1:
        raise _no_loss(reader, expr)
    for sign, item in factors:
        if item is losses[0]:
            continue
        value = reader.value(item)
        if not isinstance(value, int | float) or isinstance(value, bool) or (sign == "/" and value == 0):
            raise _no_loss(reader, item)
        weight = weight * value if sign == "*" else weight / value
    yield from read_loss(reader, losses[0], weight)


def _only(reader: Reader, kind: LossKind, weight: float, span: Span) -> LossCall:
    """The loss of the only output by the only target."""
    if len(reader.outputs) != 1 or len(reader.targets) != 1:
        raise _not_alone(reader, kind, span)
    (prediction,), (target,) = reader.outputs.values(), reader.targets.values()
    return _typed(reader, kind, prediction, target, None, weight, span)


def _not_alone(reader: Reader, kind: LossKind, span: Span) -> Broken:
    """A loss without its arguments, where there is no target, or more than one target or output."""
    if not reader.targets:
        message = f"`{kind}` compares with a target, and the net has none"
        return reader.report("missing-argument", message, span, _declare(reader, kind))
    counts = {"outputs": len(reader.outputs), "targets": len(reader.targets)}
    several = " and ".join(f"{count} {name}" for name, count in counts.items() if count > 1)
    message = f"`{kind}` alone does not say which it is about: the net has {several}"
    written = f"write `{kind}({_output_name(reader)}, {next(iter(reader.targets))})`"
    if set(reader.outputs) == {"output"}:
        written = f"bind the result, `{_output_name(reader)} = …`, and {written}"
    return reader.report("missing-argument", message, span, written)


def _written(reader: Reader, kind: LossKind, given: Mapping[str, tree.Expr]) -> str:
    """How a loss is written of what is given and what there is."""
    prediction = given["prediction"].span.text if "prediction" in given else _output_name(reader)
    if not reader.targets:
        return _declare(reader, kind)
    return f"write `{kind}({prediction}, {next(iter(reader.targets))})`"


def _declare(reader: Reader, kind: LossKind) -> str:
    """How a target for the first output is declared, or an input that is meant to be one."""
    if reader.evaluator.target_help():
        return reader.evaluator.target_help()
    wanted = [_target_type(kind, value.value.type) for value in reader.outputs.values() if value.value.type.rank >= 2]
    return f"declare one: `target label: {wanted[0] if wanted else 'i64[N]'}`"


def _output_name(reader: Reader) -> str:
    """The first output's name; `output`, which one without a name is called by, cannot be written."""
    return next((name for name in reader.outputs if name != "output"), "logits")


def _call(reader: Reader, kind: LossKind, arguments: tuple[tree.Argument, ...], weight: float, span: Span) -> LossCall:
    given = reader.bind(kind, arguments, LOSSES[kind], span)
    for name in ("prediction", "target"):
        if name not in given:
            raise reader.report("missing-argument", f"`{kind}` needs a {name}", span, _written(reader, kind, given))
    tensors = []
    for name in ("prediction", "target"):
        value = reader.value(given[name])
        if not isinstance(value, Tensor):
            raise reader.report(
                "bad-argument",
                f"the {name} of `{kind}` is a value of the net, not {describe(value)}",
                given[name].span,
                "name an output, a target or any value bound in the net",
            )
        tensors.append(value)
    ignore = None
    if "ignore" in given:
        number = reader.value(given["ignore"])
        if not isinstance(number, int) or isinstance(number, bool):
            raise reader.report(
                "bad-argument",
                "`ignore` is a whole number",
                given["ignore"].span,
                "write the label that is left out",
            )
        ignore = number
    return _typed(reader, kind, tensors[0], tensors[1], ignore, weight, span)


def _typed(
    reader: Reader, kind: LossKind, prediction: Tensor, target: Tensor, ignore: int | None, weight: float, span: Span
) -> LossCall:
    x, y = prediction.value.type, target.value.type
    if kind in ("cross_entropy", "nll") and x.rank > 4:
        raise reader.report(
            "shape-mismatch",
            f"`{kind}` reads scores [N, classes], [N, T, classes] or [N, classes, height, width], not {x}",
            span,
            "bring them to one of these with `reshape` or `transpose`",
        )
    wanted = _target_type(kind, x) if x.rank >= 2 else x
    if x.rank < 2 or x.dtype not in ("f32", "f64") or y != wanted:
        code = "element-type" if y.dtype != wanted.dtype else "shape-mismatch"
        message = f"`{kind}` of a prediction {x} needs a target {wanted}, this is {y}"
        raise reader.report(code, message, span, _fitting(reader, kind, prediction, target, span))
    return LossCall(kind, prediction.value, target.value, ignore, weight, span)


def _fitting(reader: Reader, kind: LossKind, prediction: Tensor, target: Tensor, span: Span) -> str:
    """What to write so that a target fits its prediction."""
    names = {tensor.value: name for name, tensor in (reader.outputs | reader.targets).items()}
    x, y = prediction.value.type, target.value.type
    if y.rank >= 2 and _target_type(kind, y) == x and {prediction.value, target.value} <= set(names):
        return f"the prediction stands first: write `{kind}({names[target.value]}, {names[prediction.value]})`"
    if target.value in names and x.rank >= 2 and x.dtype in ("f32", "f64"):
        declare = f"declare a target that fits: `target {names[target.value]}: {_target_type(kind, x)}`"
        classes = kind in ("cross_entropy", "nll")
        if classes and x.rank == 3 and y.shape == x.shape[:1]:
            return f"for one label a sequence {_last_step(reader)}; for one a step {declare}"
        if not classes and y == _target_type("cross_entropy", x) and x.shape[class_axis(x)] != 1:
            return f"for classes write `{span.text.replace(kind, 'cross_entropy', 1)}`; for numbers {declare}"
        return declare
    if kind in ("cross_entropy", "nll"):
        return "make the target fit: one whole number for each position that has scores"
    return "make the target fit: the same type and shape as the prediction"


def _last_step(reader: Reader) -> str:
    """How a sequence is left with its last step: by the cell that makes it, or a layer behind it."""
    evaluator = reader.evaluator
    for use in reversed(evaluator.builder.uses):
        text = use.span.text
        if use.span in evaluator.cells and not use.chain and "return" not in text and "\n" not in text:
            arguments = f"{text.removesuffix(')')}, " if text.endswith(")") else f"{text}("
            return f"write `{arguments}return = last)`"
    return "feed the sequence to `last` first"


def _target_type(kind: LossKind, x: TensorType) -> TensorType:
    """What a loss compares a prediction with."""
    if kind not in ("cross_entropy", "nll"):
        return x
    axis = class_axis(x)
    return TensorType("i64", (*x.shape[:axis], *x.shape[axis + 1 :]))


def _is_loss(expr: tree.Expr) -> bool:
    match expr:
        case tree.Group(value=value):
            return _is_loss(value)
        case tree.Name(id=name) | tree.Call(base=tree.Name(id=name)):
            return name in LOSSES
        case tree.Arithmetic(first=first, rest=rest):
            return _is_loss(first) or any(_is_loss(item) for _, item in rest)
    return False
