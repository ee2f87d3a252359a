"""Expectations: what an `expect` block asks of the figures of a network."""

from __future__ import annotations

from collections.abc import Mapping

from ..analysis.figures import FREE, TooSmall, analyse
from ..diagnostics.diagnostic import Measured
from ..graph.arguments import Word
from ..graph.dims import Unbound
from ..syntax import tree
from ..units import in_unit, unit_of
from . import numbers
from .evaluate import Evaluator
from .frame import Frame
from .network import Network
from .values import UNKNOWN, Tensor, Unknown
from .words import METRICS

PARTS = ("parameters", "buffers", "gradients", "optimizer", "activations", "workspace", "total")


class NotKnown(Exception):
    """A figure cannot be told; the text says why, `help` what to do."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


def check_expectations(network: Network, evaluator: Evaluator, frame: Frame) -> None:
    """Report every expectation that does not hold."""
    if network.checks:
        expectations = _Expectations(network, evaluator, frame)
        for check in network.checks:
            expectations.check(check)


class _Figures(Evaluator):
    """Evaluates the sides of expectations, in which a figure such as `macs(N = 1)` may stand wherever a number may."""

    def __init__(self, network: Network, evaluator: Evaluator) -> None:
        super().__init__(evaluator.builder, evaluator.collector, evaluator.broken, evaluator.fixed, evaluator.limits)
        self.symbols = evaluator.symbols
        self.steps = evaluator.steps
        self.network = network
        self.analysis = analyse(network.graph)

    def evaluate(self, expr: tree.Expr, frame: Frame) -> object:
        figure = self._figure(expr, frame) if isinstance(expr, tree.Name | tree.Field | tree.Call) else None
        return super().evaluate(expr, frame) if figure is None else figure

    def _figure(self, expr: tree.Expr, frame: Frame) -> object:
        """The figure that an expression names, such as `macs(N = 1)` or `memory.training(N = 32)`; else None."""
        arguments: tuple[tree.Argument, ...] = ()
        base: tree.Expr = expr
        if isinstance(expr, tree.Call):
            base, arguments = expr.base, expr.arguments
        path: list[str] = []
        while isinstance(base, tree.Field):
            path.insert(0, base.name)
            base = base.base
        if not isinstance(base, tree.Name) or base.id not in METRICS:
            return None
        if base.id == "shape":
            return self._shape(arguments, frame)
        totals, dims = self.analysis.totals, self._dims(arguments, frame)
        match (base.id, *path):
            case ("params",):
                return totals.params
            case ("buffers",):
                return totals.buffers
            case ("macs",):
                return self.analysis.at(dims).macs
            case ("flops",):
                return self.analysis.at(dims).flops
            case ("layers",):
                return len(self.network.graph.uses)
            case ("memory", "parameters"):
                return totals.parameter_bytes
            case ("memory", "buffers"):
                return totals.buffer_bytes
            case ("memory", ("inference" | "training") as kind, *parts):
                return self._memory(kind, parts, dims)
        kinds = "memory.training, memory.inference, memory.parameters and memory.buffers"
        raise NotKnown(
            f"there is no figure `{'.'.join([base.id, *path])}`",
            f"there are {kinds}"
            if base.id == "memory"
            else f"there are params, buffers, macs, flops, layers, {kinds}, and shape(name)",
        )

    def unsaid(self, figure: tree.Expr, frame: Frame) -> Mapping[str, int]:
        """The sizes that a figure alone, such as `macs`, is taken at, since it says none."""
        word, *rest = figure.span.text.split(".")
        if not isinstance(figure, tree.Name | tree.Field) or word not in ("macs", "flops", "memory"):
            return {}
        if rest[:1] in (["parameters"], ["buffers"]):
            return {}
        sizes = FREE | dict(self._dims((), frame))
        return {name: sizes[name] for name in sorted(self.symbols) if name in sizes}

    def _memory(self, kind: str, parts: list[str], dims: Mapping[str, int]) -> int:
        """The planned bytes for inference or training; of one part of them, as `memory.training.activations` asks."""
        from ..emit.memory import needed

        found = needed(self.network.graph, self.network.settings, FREE | dict(dims))
        memory = found.inference if kind == "inference" else found.training
        if memory is None:
            raise NotKnown(
                f"the net `{self.network.name}` has nothing to train by",
                "write a `train` block with a loss and an optimizer",
            )
        part = ".".join(parts) or "total"
        if part not in PARTS:
            raise NotKnown(f"memory has no part `{part}`", f"its parts are {', '.join(PARTS)}")
        return int(getattr(memory, part))

    def _shape(self, arguments: tuple[tree.Argument, ...], frame: Frame) -> object:
        value = self.evaluate(arguments[0].value, frame) if len(arguments) == 1 else None
        if isinstance(value, Tensor):
            return value.value.type.shape
        if isinstance(value, Unknown):
            return UNKNOWN
        raise NotKnown("`shape` takes the name of one tensor", "write `shape(logits) == [N, 10]`")

    def _dims(self, arguments: tuple[tree.Argument, ...], frame: Frame) -> Mapping[str, int]:
        # The command line changes no expectation: it gives only dimensions that have no number of their own, or that
        # are a number in the whole graph.
        known = self.network.dims.items()
        dims = {name: size for name, size in known if name not in FREE or name in self.network.fixed}
        for argument in arguments:
            value = self.evaluate(argument.value, frame)
            if argument.name is None or not numbers.whole(value) or value < 1:
                raise NotKnown("the dimensions of a figure are given by name", "write `macs(N = 1)`")
            if argument.name not in self.symbols:
                raise NotKnown(
                    f"the net `{self.network.name}` has no dimension `{argument.name}`",
                    f"its symbolic dimensions are {', '.join(sorted(self.symbols)) or 'none'}",
                )
            if argument.name in self.network.fixed and value != self.network.dims[argument.name]:
                raise NotKnown(
                    f"{argument.name} is {self.network.dims[argument.name]:,} in the whole network here, not {value:,}",
                    f"check it with `--dim {argument.name}={value}`",
                )
            dims[argument.name] = value
        return dims


class _Expectations:
    def __init__(self, network: Network, evaluator: Evaluator, frame: Frame) -> None:
        self.evaluator = _Figures(network, evaluator)
        self.frame = frame

    def check(self, expr: tree.Expr) -> None:
        parts = expr.items if isinstance(expr, tree.Logic) and expr.operator == "and" else (expr,)
        for part in parts:
            try:
                holds = self._holds(part)
            except NotKnown as error:
                self._report(part, str(error), error.help)
            except Unbound as error:
                self._report(part, str(error), f"bind it: `macs({error.symbol} = 1)`, or `--dim {error.symbol}=…`")
            except TooSmall as error:
                self._report(part, str(error), f"put in a larger number: `macs({error.symbol} = …)`")
            except numbers.NumberError as error:
                self._report(part, str(error), error.help)
            else:
                if holds is False:
                    self._fails(part)

    def _report(self, expr: tree.Expr, message: str, help: str) -> None:
        self.evaluator.report(self.frame, "expectation", message, expr.span, help=help)

    def _fails(self, expr: tree.Expr) -> None:
        """Report an expectation that does not hold: what the figure is, at which sizes that nobody has chosen, and
        which ones the network is trained with."""
        label = ""
        notes: tuple[str, ...] = ()
        measured = None
        if isinstance(expr, tree.Compare):
            left, right = self._value(expr.left), self._value(expr.right)
            label = f"{expr.left.span.text} is {_show(left)}"
            if numbers.whole(left) and isinstance(expr.right, tree.Number):
                label += in_unit(left, unit_of(expr.right.text))
            sizes = self.evaluator.unsaid(expr.left, self.frame)
            label += f" at {', '.join(f'{name} = {size:,}' for name, size in sizes.items())}" if sizes else ""
            notes = self._trained(expr.left, sizes)
            if numbers.whole(left) and isinstance(right, int | float):
                limit = int(right) if isinstance(right, float) and right.is_integer() else right
                measured = Measured(expr.left.span.text, left, expr.operator, limit, tuple(sizes.items()))
        message = f"`{expr.span.text}` does not hold"
        help = self._way_out(expr)
        self.evaluator.report(
            self.frame, "expectation", message, expr.span, label=label, notes=notes, help=help, measured=measured
        )

    def _trained(self, figure: tree.Expr, sizes: Mapping[str, int]) -> tuple[str, ...]:
        settings = self.evaluator.network.settings
        batch = settings.batch if settings else None
        if batch in (None, 1, sizes.get("N", batch)) or not figure.span.text.startswith("memory."):
            return ()
        return (f"the `train` block has batch = {batch}: `{figure.span.text}(N = {batch})` is the figure for that",)

    def _way_out(self, expr: tree.Expr) -> str:
        help = "change the network, or the expectation"
        if isinstance(expr, tree.Compare) and expr.operator == "==":
            left, right = self._value(expr.left), self._value(expr.right)
            if numbers.whole(left) and numbers.whole(right) and isinstance(expr.right, tree.Number):
                return f"{help}: figures are compared exactly, `{expr.left.span.text} == {left:_}`"
        return help

    def _holds(self, expr: tree.Expr) -> bool | Unknown:
        if isinstance(expr, tree.Group):
            return self._holds(expr.value)
        if isinstance(expr, tree.Logic):
            met = any if expr.operator == "or" else all
            return met(self._holds(item) is True for item in expr.items)
        if isinstance(expr, tree.Not):
            holds = self._holds(expr.value)
            return holds if isinstance(holds, Unknown) else not holds
        if not isinstance(expr, tree.Compare):
            raise NotKnown("an expectation compares a figure", "write `params <= 1.2M`")
        left, right = self._value(expr.left), self._value(expr.right)
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return UNKNOWN
        return numbers.compare(expr.operator, left, right)

    def _value(self, expr: tree.Expr) -> object:
        return self.evaluator.evaluate(expr, self.frame)


def _show(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, tuple):
        return f"[{', '.join(str(item) for item in value)}]"
    return str(value) if not isinstance(value, Word) else f"`{value}`"
