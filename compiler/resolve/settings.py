"""The meaning of a `train` block: its settings as values, with defaults put in and ranges checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from ..graph.arguments import Word
from ..graph.tensor import TensorType
from ..source import Span
from ..syntax import tree
from ..training import catalogue
from ..training.settings import LossCall, LossKind, Optimizer, OptimizerKind, Phase, Ramp, Rule, Settings
from .evaluate import Evaluator
from .frame import Frame
from .schedule import read_schedule
from .training import LOSSES, OPTIMIZERS, RAMPS, RULE_SETTINGS
from .values import Tensor, Unknown, describe

BATCH, EPOCHS, SEED = 32, 1, 0

_Check = tuple[Callable[[float], bool], str]
_POSITIVE: _Check = (lambda x: x > 0, "a number above 0")
_NOT_NEGATIVE: _Check = (lambda x: x >= 0, "a number from 0 up")
_SHARE: _Check = (lambda x: 0 <= x < 1, "a number from 0 up to, not including, 1")
_UNIT: _Check = (lambda x: 0 <= x <= 1, "a number from 0 to 1")
_EPOCHS: _Check = (lambda x: x >= 1 and x == int(x), "a whole number from 1 up")
CHECKS: dict[str, _Check] = {
    "lr": _POSITIVE,
    "momentum": _SHARE,
    "weight_decay": _NOT_NEGATIVE,
    "beta1": _SHARE,
    "beta2": _SHARE,
    "eps": _POSITIVE,
    "decay": _UNIT,
    "factor": _POSITIVE,
    "every": _EPOCHS,
    "epochs": _EPOCHS,
    "floor": _UNIT,
    "clip_norm": _POSITIVE,
    "start": _NOT_NEGATIVE,
    "end": _NOT_NEGATIVE,
    "after": _EPOCHS,
}


class Broken(Exception):
    """A setting is wrong or unknown; it has been reported."""


class Reader:
    """Reads the `train` block of one net; every mistake is reported, and the first in a setting ends that setting."""

    def __init__(
        self, evaluator: Evaluator, frame: Frame, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> None:
        self.evaluator = evaluator
        self.frame = frame
        self.outputs = dict(outputs)
        self.targets = dict(targets)

    def read(self, statement: tree.Train) -> Settings | None:
        """The settings; None where there is no loss or no optimizer, so nothing to train by. Raises Broken."""
        given = {s.name.id: s for s in statement.settings if isinstance(s, tree.Setting)}
        rules = [s for s in statement.settings if isinstance(s, tree.Rule)]
        parts: dict[str, Any] = {}
        readers: dict[str, Callable[[tree.Expr], object]] = {
            "loss": lambda expr: tuple(self._loss(expr, 1.0)),
            "optimizer": self._optimizer,
            "schedule": lambda expr: read_schedule(self, expr),
            "clip_norm": lambda expr: self.number("clip_norm", expr),
            "batch": self._batch,
            "epochs": lambda expr: int(self.number("epochs", expr)),
            "unroll": lambda expr: int(self.number("epochs", expr, "unroll")),
            "seed": self._seed,
        }
        broken = False
        for name, setting in given.items():
            try:
                if name not in readers:
                    raise Broken
                parts[name] = readers[name](setting.value)
            except Broken:
                broken = True
        try:
            parts["rules"] = tuple(self._rule(rule) for rule in rules)
        except Broken:
            broken = True
        if broken:
            raise Broken
        return self._settings(parts) if {"loss", "optimizer"} <= set(parts) else None

    def _settings(self, parts: Mapping[str, Any]) -> Settings:
        return Settings(
            parts["loss"],
            parts["optimizer"],
            parts.get("schedule", (Phase("constant", (), None),)),
            parts.get("clip_norm"),
            parts.get("batch", BATCH),
            parts.get("epochs", EPOCHS),
            parts.get("unroll"),
            parts.get("seed", SEED),
            parts["rules"],
        )

    def report(self, code: str, message: str, span: Span, help: str) -> Broken:
        """Report a mistake, unless it stands where one has been found before."""
        if any(span.start <= found.start and found.end <= span.end for found in self.evaluator.broken):
            return Broken()
        self.evaluator.report(self.frame, code, message, span, help=help)
        return Broken()

    def value(self, expr: tree.Expr) -> object:
        value = self.evaluator.pipeline(expr, self.frame)
        if isinstance(value, Unknown):
            raise Broken
        return value

    def number(self, check: str, expr: tree.Expr, name: str | None = None) -> float:
        value = self.value(expr)
        holds, wanted = CHECKS[check]
        if not isinstance(value, int | float) or isinstance(value, bool) or not holds(value):
            found = f"{value}" if isinstance(value, int | float) and not isinstance(value, bool) else describe(value)
            help = f"write {wanted}"
            if isinstance(value, str) and re.fullmatch(r"[0-9.]+(e-?[0-9]+)?", value):
                help = f"write `{value}`, without quotes"
            message = f"`{name or check}` must be {wanted}, not {found}"
            raise self.report("bad-argument", message, expr.span, help)
        return value

    # The loss

    def _loss(self, expr: tree.Expr, weight: float) -> Iterable[LossCall]:
        """The terms of a loss: sums, differences and multiples of losses."""
        match expr:
            case tree.Group(value=value):
                yield from self._loss(value, weight)
            case tree.Name(id=name) if name in LOSSES:
                yield self._only(cast(LossKind, name), weight, expr.span)
            case tree.Call(base=tree.Name(id=name), arguments=arguments) if name in LOSSES:
                yield self._call(cast(LossKind, name), arguments, weight, expr.span)
            case tree.Arithmetic(first=first, rest=rest) if rest[0][0] in ("+", "-"):
                yield from self._loss(first, weight)
                for sign, item in rest:
                    yield from self._loss(item, weight if sign == "+" else -weight)
            case tree.Arithmetic(first=first, rest=rest) if all(sign in ("*", "/") for sign, _ in rest):
                yield from self._multiple(expr, [("*", first), *rest], weight)
            case _:
                raise self._no_loss(expr)

    def _no_loss(self, expr: tree.Expr) -> Broken:
        return self.report(
            "bad-argument",
            "a loss is a sum of losses with numbers as weights",
            expr.span,
            "write `cross_entropy(logits, label) + 0.3 * mse(a, b)`",
        )

    def _multiple(self, expr: tree.Expr, factors: list[tuple[str, tree.Expr]], weight: float) -> Iterable[LossCall]:
        losses = [item for sign, item in factors if sign == "*" and _is_loss(item)]
        if len(losses) != 1:
            raise self._no_loss(expr)
        for sign, item in factors:
            if item is losses[0]:
                continue
            value = self.value(item)
            if not isinstance(value, int | float) or isinstance(value, bool) or (sign == "/" and value == 0):
                raise self._no_loss(item)
            weight = weight * value if sign == "*" else weight / value
        yield from self._loss(losses[0], weight)

    def _only(self, kind: LossKind, weight: float, span: Span) -> LossCall:
        """The loss of the only output by the only target."""
        if len(self.outputs) != 1 or len(self.targets) != 1:
            raise self.report(
                "missing-argument",
                f"`{kind}` alone is about the only output and the only target, "
                f"here are {len(self.outputs)} and {len(self.targets)}",
                span,
                f"name them: `{kind}({self._output_name()}, {next(iter(self.targets))})`"
                if self.targets
                else self._declare(kind),
            )
        (prediction,), (target,) = self.outputs.values(), self.targets.values()
        return self._typed(kind, prediction, target, None, weight, span)

    def _written(self, kind: LossKind, given: Mapping[str, tree.Expr]) -> str:
        """How a loss is written of what is given and what there is."""
        prediction = given["prediction"].span.text if "prediction" in given else self._output_name()
        if not self.targets:
            return self._declare(kind)
        return f"write `{kind}({prediction}, {next(iter(self.targets))})`"

    def _declare(self, kind: LossKind) -> str:
        """How a target for the first output is declared, or an input that is meant to be one."""
        if self.evaluator.target_help():
            return self.evaluator.target_help()
        wanted = [_target_type(kind, value.value.type) for value in self.outputs.values() if value.value.type.rank >= 2]
        return f"declare one: `target label: {wanted[0] if wanted else 'i64[N]'}`"

    def _output_name(self) -> str:
        """The first output's name; `output`, which one without a name is called by, cannot be written."""
        return next((name for name in self.outputs if name != "output"), "logits")

    def _call(self, kind: LossKind, arguments: tuple[tree.Argument, ...], weight: float, span: Span) -> LossCall:
        given = self._bind(kind, arguments, LOSSES[kind], span)
        for name in ("prediction", "target"):
            if name not in given:
                raise self.report("missing-argument", f"`{kind}` needs a {name}", span, self._written(kind, given))
        tensors = []
        for name in ("prediction", "target"):
            value = self.value(given[name])
            if not isinstance(value, Tensor):
                raise self.report(
                    "bad-argument",
                    f"the {name} of `{kind}` is a value of the net, not {describe(value)}",
                    given[name].span,
                    "name an output, a target or any value bound in the net",
                )
            tensors.append(value)
        ignore = None
        if "ignore" in given:
            number = self.value(given["ignore"])
            if not isinstance(number, int) or isinstance(number, bool):
                raise self.report(
                    "bad-argument",
                    "`ignore` is a whole number",
                    given["ignore"].span,
                    "write the label that is left out",
                )
            ignore = number
        return self._typed(kind, tensors[0], tensors[1], ignore, weight, span)

    def _typed(
        self, kind: LossKind, prediction: Tensor, target: Tensor, ignore: int | None, weight: float, span: Span
    ) -> LossCall:
        x, y = prediction.value.type, target.value.type
        if kind in ("cross_entropy", "nll") and x.rank > 4:
            raise self.report(
                "shape-mismatch",
                f"`{kind}` reads scores [N, classes], [N, T, classes] or [N, classes, height, width], not {x}",
                span,
                "bring them to one of these with `reshape` or `transpose`",
            )
        wanted = _target_type(kind, x) if x.rank >= 2 else x
        if x.rank < 2 or x.dtype not in ("f32", "f64") or y != wanted:
            code = "element-type" if y.dtype != wanted.dtype else "shape-mismatch"
            message = f"`{kind}` of a prediction {x} needs a target {wanted}, this is {y}"
            raise self.report(code, message, span, self._fitting(kind, prediction, target))
        return LossCall(kind, prediction.value, target.value, ignore, weight, span)

    def _fitting(self, kind: LossKind, prediction: Tensor, target: Tensor) -> str:
        """What to write so that a target fits its prediction."""
        names = {tensor.value: name for name, tensor in (self.outputs | self.targets).items()}
        x, y = prediction.value.type, target.value.type
        if y.rank >= 2 and _target_type(kind, y) == x and {prediction.value, target.value} <= set(names):
            return f"the prediction stands first: write `{kind}({names[target.value]}, {names[prediction.value]})`"
        if target.value in names and x.rank >= 2 and x.dtype in ("f32", "f64"):
            return f"declare a target that fits: `target {names[target.value]}: {_target_type(kind, x)}`"
        if kind in ("cross_entropy", "nll"):
            return "make the target fit: one whole number for each position that has scores"
        return "make the target fit: the same type and shape as the prediction"

    # The optimizer and its schedule

    def _bind(
        self, name: str, arguments: tuple[tree.Argument, ...], names: tuple[str, ...], span: Span
    ) -> dict[str, tree.Expr]:
        """The arguments by name; names and their number have been checked."""
        given: dict[str, tree.Expr] = {}
        for place, argument in enumerate(arguments):
            if argument.name is None and place >= len(names):
                raise Broken
            key = argument.name or names[place]
            if key in given:
                raise self.report("duplicate-name", f"`{key}` is given twice", argument.span, "give it once")
            given[key] = argument.value
        return given

    def _optimizer(self, expr: tree.Expr) -> Optimizer:
        kind, arguments = self.function(expr, OPTIMIZERS, "an optimizer", "sgd(lr = 0.01)")
        values: dict[str, float | bool | Ramp] = {}
        for name, default in catalogue.OPTIMIZERS[kind].arguments.items():
            if name in arguments:
                values[name] = self._argument(name, arguments[name])
            elif default is None:
                raise self.report(
                    "missing-argument", f"`{kind}` needs `{name}`", expr.span, f"write `{kind}({name} = 0.01)`"
                )
            else:
                values[name] = default
        if values.get("nesterov") and values["momentum"] == 0:
            raise self.report(
                "bad-argument",
                "`nesterov` looks ahead along the momentum, and there is none",
                arguments["nesterov"].span,
                "give a momentum: `momentum = 0.9`",
            )
        return Optimizer(cast(OptimizerKind, kind), values)

    def _argument(self, name: str, expr: tree.Expr) -> float | bool | Ramp:
        if name == "nesterov":
            value = self.value(expr)
            if not isinstance(value, bool):
                raise self.report("bad-argument", "`nesterov` is `yes` or `no`", expr.span, "write `nesterov = yes`")
            return value
        if isinstance(expr, tree.Call) and isinstance(expr.base, tree.Name) and expr.base.id in RAMPS:
            given = self._bind("ramp", expr.arguments, RAMPS["ramp"], expr.span)
            missing = [key for key in RAMPS["ramp"] if key not in given]
            if missing:
                raise self.report(
                    "missing-argument", f"`ramp` needs `{missing[0]}`", expr.span, "write `ramp(0.5, 0.9, after = 5)`"
                )
            for key in ("start", "end"):
                self.number(name, given[key])
            return Ramp(*(self.number(key, given[key]) for key in RAMPS["ramp"]))
        return self.number(name, expr)

    def function(
        self, expr: tree.Expr, known: Mapping[str, tuple[str, ...]], what: str, example: str
    ) -> tuple[str, dict[str, tree.Expr]]:
        match expr:
            case tree.Group(value=value):
                return self.function(value, known, what, example)
            case tree.Name(id=name) if name in known:
                return name, {}
            case tree.Call(base=tree.Name(id=name), arguments=arguments) if name in known:
                return name, self._bind(name, arguments, known[name], expr.span)
        raise self.report("bad-argument", f"this is not {what}", expr.span, f"write `{example}`")

    # The rest

    def _batch(self, expr: tree.Expr) -> int | None:
        value = self.value(expr)
        if isinstance(value, Word) and value == "all":
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        raise self.report(
            "bad-argument", "`batch` is a whole number from 1 up, or `all`", expr.span, "write `batch = 32`"
        )

    def _seed(self, expr: tree.Expr) -> int:
        value = self.value(expr)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        raise self.report("bad-argument", "`seed` is a whole number from 0 up", expr.span, "write `seed = 1`")

    def _rule(self, rule: tree.Rule) -> Rule:
        if any(s.name.id not in RULE_SETTINGS for s in rule.settings):
            raise Broken
        values = {s.name.id: self.number(s.name.id, s.value) for s in rule.settings}
        return Rule(rule.pattern.value, values.get("lr"), values.get("weight_decay"))


def _target_type(kind: LossKind, x: TensorType) -> TensorType:
    """What a loss compares a prediction with."""
    if kind not in ("cross_entropy", "nll"):
        return x
    axis = 1 if x.rank >= 4 else x.rank - 1
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
