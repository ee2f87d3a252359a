"""The meaning of a `train` block: its settings as values, with defaults put in and ranges checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from ..graph.arguments import Word
from ..source import Span
from ..syntax import tree
from ..training import catalogue
from ..training.settings import Optimizer, OptimizerKind, Phase, Ramp, Rule, Settings
from .evaluate import Evaluator
from .frame import Frame
from .loss import read_loss
from .schedule import read_schedule
from .training import OPTIMIZERS, RAMPS, RULE_SETTINGS
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
            "loss": lambda expr: tuple(read_loss(self, expr)),
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

    # The optimizer and its schedule

    def bind(
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
            given = self.bind("ramp", expr.arguments, RAMPS["ramp"], expr.span)
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
                return name, self.bind(name, arguments, known[name], expr.span)
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
