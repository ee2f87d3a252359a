"""Evaluating expressions: a walk over the syntax tree that computes values and adds layer uses to the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..diagnostics.collect import Collector
from ..graph.arguments import Word, signature
from ..graph.builder import Builder
from ..graph.dims import symbol
from ..graph.initial import INITIALS, Initial
from ..graph.layer import find_layer
from ..limits import Limits
from ..source import Span
from ..syntax import tree
from . import numbers
from .elsewhere import layer_of
from .frame import Frame
from .program import Namespace, find_bundled
from .translate import method_help
from .uses import Uses
from .values import UNKNOWN, Definition, Given, Instance, Recipe, Tensor, Unknown, describe, listed, size_of
from .walk import Walk
from .words import FUNCTIONS, SOFT_WORDS, WORDS

LayerLike = Recipe | Instance


class Evaluator(Walk):
    """Evaluates the expressions of one network; `uses` applies its layers.

    `_globals` has what names stand for in a file where nothing binds them, which does not change.
    """

    def __init__(
        self, builder: Builder, collector: Collector, broken: set[Span], fixed: Mapping[str, int], limits: Limits
    ) -> None:
        super().__init__(builder, collector, broken, fixed, limits)
        self.uses = Uses(self)
        self._globals: dict[tuple[Namespace, str], object] = {}

    def evaluate(self, expr: tree.Expr, frame: Frame) -> object:
        """The value of an expression; UNKNOWN when a mistake in it was reported. A layer is not applied."""
        self.enter(expr.span, frame)
        try:
            return _EVALUATE[type(expr)](self, expr, frame)
        finally:
            self.leave()

    def pipeline(self, expr: tree.Expr, frame: Frame) -> object:
        """The value of an expression where a tensor is wanted: a layer continues from the running value."""
        value = self.evaluate(expr, frame)
        if isinstance(value, LayerLike):
            return self.uses.apply(value, self.running(frame, expr.span), expr.span, frame)
        return value

    def truth(self, expr: tree.Expr, frame: Frame) -> bool | Unknown:
        """The value of a condition."""
        value = self.evaluate(expr, frame)
        if isinstance(value, bool | Unknown):
            return value
        self.report(
            frame,
            "bad-operand",
            f"a condition is `yes` or `no`, this is {describe(value)}",
            expr.span,
            help="compare it: `stride != 1`",
        )
        return UNKNOWN

    # One function for each kind of expression

    def _number(self, expr: tree.Number, frame: Frame) -> object:
        return expr.value

    def _extent(self, expr: tree.Extent, frame: Frame) -> object:
        return expr.sizes

    def _string(self, expr: tree.String, frame: Frame) -> object:
        return expr.value

    def _name(self, expr: tree.Name, frame: Frame) -> object:
        name = expr.id
        for scope in reversed(frame.names):
            if name in scope:
                return scope[name]
        if self.broken and expr.span in self.broken:
            return UNKNOWN
        key = (frame.file, name)
        if key not in self._globals:
            self._globals[key] = self._global(name, frame)
        value = self._globals[key]
        if value is None:
            self.report(
                frame,
                "undefined-name",
                f"`{name}` has no value here",
                expr.span,
                label="the branch that binds it was not taken",
                help="bind it in every branch, or before the `if`",
            )
            return UNKNOWN
        return value

    def _global(self, name: str, frame: Frame) -> object:
        """What a name stands for where nothing binds it, in every place of a file; None for nothing."""
        if (found := frame.file.find(name)) is not None:
            return Recipe(name, Definition(*found))
        if name in WORDS:
            return WORDS[name]
        if name[0].isupper() and name in self.symbols:
            return self.fixed.get(name) or symbol(name)
        if (layer := find_layer(name)) is not None:
            return Recipe(name, layer)
        if (found := find_bundled(name)) is not None:
            return Recipe(name, Definition(*found))
        if name in SOFT_WORDS:
            return Word(name)
        return UNKNOWN if name in frame.file.file.suspects else None

    def _primed(self, expr: tree.Primed, frame: Frame) -> object:
        return frame.next.get(expr.id, UNKNOWN)

    def _in(self, expr: tree.In, frame: Frame) -> object:
        if frame.inputs is None:
            none = not frame.chain and not self.inputs
            if not (none and frame.file.file.suspects):
                self.report(
                    frame,
                    "no-running-value",
                    f"`in` means the one input, and there {'is none' if none else 'are several'} here",
                    expr.span,
                    help="declare one: `input x: f32[N, 3, 32, 32]`" if none else "write the name of the input",
                )
            return UNKNOWN
        return frame.inputs

    def _it(self, expr: tree.It, frame: Frame) -> object:
        return self.running(frame, expr.span)

    def _group(self, expr: tree.Group, frame: Frame) -> object:
        return self.evaluate(expr.value, frame)

    def _tuple(self, expr: tree.Tuple, frame: Frame) -> object:
        return self._listed(tuple([self.pipeline(item, frame) for item in expr.items]), expr.span, frame)

    def _list(self, expr: tree.List, frame: Frame) -> object:
        items = tuple([self.evaluate(item, frame) for item in expr.items])
        if any(isinstance(item, Unknown) for item in items):
            return UNKNOWN
        return self._listed(items, expr.span, frame)

    def _listed(self, items: tuple[object, ...], span: Span, frame: Frame) -> object:
        """The list of these items, when it is within the limit."""
        found = listed(items)
        if size_of(found) > self.limits.layers:
            return self._too_long(f"a list of {size_of(found):,} items", span, frame)
        self.spend(found, span, frame)
        return found

    def _too_long(self, what: str, span: Span, frame: Frame) -> Unknown:
        self.report(
            frame,
            "limit",
            f"{what} is over the limit of {self.limits.layers:,}",
            span,
            help="take a shorter one; the limit `layers` can be raised with `--limit layers=…`",
        )
        return UNKNOWN

    def _chain(self, expr: tree.Chain, frame: Frame) -> object:
        value = self.pipeline(expr.items[0], frame)
        before = frame.it
        for item in expr.items[1:]:
            frame.it = value
            step = self.evaluate(item, frame)
            if isinstance(step, LayerLike):
                value = self.uses.apply(step, value, item.span, frame)
            elif isinstance(item, tree.Group | tree.Tuple) or isinstance(step, Unknown):
                value = step
            else:
                help = "write a layer, or a pipeline in parentheses, right of `->`"
                if isinstance(step, Tensor):
                    help = (
                        "name a layer by `let name = …` to use it again; combine tensors by `+` or `(a, b) -> concat`"
                    )
                message = f"`->` feeds a layer, and this is {describe(step)}"
                self.report(frame, "not-a-layer", message, item.span, help=help)
                value = UNKNOWN
        frame.it = before
        return value

    def _choice(self, expr: tree.Choice, frame: Frame) -> object:
        condition = self.truth(expr.condition, frame)
        if isinstance(condition, Unknown):
            return UNKNOWN
        return self.evaluate(expr.value if condition else expr.other, frame)

    def _arithmetic(self, expr: tree.Arithmetic, frame: Frame) -> object:
        left = self.pipeline(expr.first, frame)
        place = expr.first.span
        for operator, item in expr.rest:
            right = self.pipeline(item, frame)
            span = expr.first.span.to(item.span)
            left = self._combine(operator, left, right, (place, item.span, span), frame)
            place = span
        return left

    def _combine(
        self, operator: str, left: object, right: object, spans: tuple[Span, Span, Span], frame: Frame
    ) -> object:
        for value in (left, right):
            if isinstance(value, Unknown):
                return UNKNOWN
        if isinstance(left, Tensor) or isinstance(right, Tensor):
            return self.uses.operate(operator, left, right, spans, frame)
        try:
            return numbers.arithmetic(operator, left, right, (spans[0].text, spans[1].text))
        except numbers.NumberError as error:
            notes, help = self._of_the_input(spans[2].text, error.help, frame)
            self.report(frame, error.code, str(error), spans[2], notes=notes, help=help)
            return UNKNOWN

    def _of_the_input(self, text: str, help: str, frame: Frame) -> tuple[tuple[str, ...], str]:
        """Notes and help for a wrong size of `in` that stands in a net behind layers: hardly ever is the net's input
        meant."""
        it = frame.it
        if frame.chain or not isinstance(it, Tensor) or it is frame.inputs or not text.startswith("in."):
            return (), help
        note = f"in a net, `in` is its input `{self.inputs[0][0]}`; `it` is the running value, here {it.value.type}"
        return (note,), f"write `it.{text.removeprefix('in.')}` for the running value; for the input {help}"

    def _logic(self, expr: tree.Logic, frame: Frame) -> object:
        decided = expr.operator == "or"
        for item in expr.items:
            value = self.truth(item, frame)
            if isinstance(value, Unknown) or value is decided:
                return value
        return not decided

    def _not(self, expr: tree.Not, frame: Frame) -> object:
        value = self.truth(expr.value, frame)
        return value if isinstance(value, Unknown) else not value

    def _compare(self, expr: tree.Compare, frame: Frame) -> object:
        left, right = self.evaluate(expr.left, frame), self.evaluate(expr.right, frame)
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return UNKNOWN
        self.spend(left, expr.span, frame)
        try:
            return numbers.compare(expr.operator, left, right)
        except numbers.NumberError as error:
            self.report(frame, error.code, str(error), expr.span, help=error.help)
            return UNKNOWN

    def _range(self, expr: tree.Range, frame: Frame) -> object:
        start, end = self.evaluate(expr.start, frame), self.evaluate(expr.end, frame)
        if isinstance(start, Unknown) or isinstance(end, Unknown):
            return UNKNOWN
        if not numbers.whole(start) or not numbers.whole(end):
            self.report(
                frame,
                "bad-operand",
                f"a range runs between whole numbers, not {describe(start)} and {describe(end)}",
                expr.span,
                help="write `0..4`; the end is excluded",
            )
            return UNKNOWN
        assert isinstance(start, int)
        assert isinstance(end, int)
        if end - start > self.limits.layers:
            return self._too_long(f"a range of {end - start:,}", expr.span, frame)
        return self._listed(tuple(range(start, end)), expr.span, frame)

    def _negative(self, expr: tree.Negative, frame: Frame) -> object:
        value = self.pipeline(expr.value, frame)
        return self._combine("*", -1, value, (expr.span, expr.value.span, expr.span), frame)

    def _field(self, expr: tree.Field, frame: Frame, given: tuple[tree.Argument, ...] = ()) -> object:
        """A size of a tensor; what it is called with, `given`, is for the message where there is no such size."""
        base = self.pipeline(expr.base, frame)
        if isinstance(base, Unknown):
            return UNKNOWN
        try:
            return numbers.field_of(base, expr.name)
        except numbers.NumberError as error:
            layer = find_layer(layer_of(expr.name))
            help = error.help
            if expr.name == "size" and isinstance(base, Tensor):
                place = f"[{given[0].span.text}]" if given else ""
                help = f"write `{expr.base.span.text}.shape{place}`"
            elif layer is not None and isinstance(base, Tensor):
                help = method_help(expr.base, expr.name, given, [item.name for item in signature(layer)])
            self.report(frame, error.code, str(error), expr.span, help=help)
            return UNKNOWN

    def _index(self, expr: tree.Index, frame: Frame) -> object:
        base, index = self.evaluate(expr.base, frame), self.evaluate(expr.index, frame)
        if isinstance(base, Unknown) or isinstance(index, Unknown):
            return UNKNOWN
        try:
            return numbers.item_of(base, index, expr.base.span.text)
        except numbers.NumberError as error:
            self.report(frame, error.code, str(error), expr.span, help=error.help)
            return UNKNOWN

    def _call(self, expr: tree.Call, frame: Frame) -> object:
        base = expr.base
        if isinstance(base, tree.Name) and base.id in FUNCTIONS and not self._bound(base.id, frame):
            values = [self.evaluate(argument.value, frame) for argument in expr.arguments]
            return self._function(base.id, values, expr, frame)
        if base.span in self.broken:
            # What stands in the brackets of a layer that does not exist has no meaning either.
            return UNKNOWN
        target = (
            self._field(base, frame, expr.arguments) if isinstance(base, tree.Field) else self.evaluate(base, frame)
        )
        given = [Given(a.name, self.evaluate(a.value, frame), a.value.span) for a in expr.arguments]
        if isinstance(target, Unknown) or expr.span in self.broken:
            return UNKNOWN
        if isinstance(target, Word) and target in INITIALS:
            return self._initial(target, given, expr, frame)
        if isinstance(target, LayerLike):
            return self.uses.call(target, given, expr.span, frame)
        self.report(
            frame,
            "not-a-layer",
            f"only a layer takes arguments, and this is {describe(target)}",
            base.span,
            help=f"to feed it into a layer write `{base.span.text} -> layer(…)`",
        )
        return UNKNOWN

    def _bound(self, name: str, frame: Frame) -> bool:
        return any(name in scope for scope in frame.names)

    def _function(self, name: str, values: list[object], expr: tree.Call, frame: Frame) -> object:
        if any(isinstance(value, Unknown) for value in values):
            return UNKNOWN
        for value in values:
            self.spend(value, expr.span, frame)
        try:
            return numbers.call(name, values)
        except numbers.NumberError as error:
            self.report(frame, error.code, str(error), expr.span, help=error.help)
            return UNKNOWN

    def _initial(self, word: Word, given: list[Given], expr: tree.Call, frame: Frame) -> object:
        names = INITIALS[word]
        values: dict[str, float | None] = dict(names)
        positional = iter(names)
        for argument in given:
            name = argument.name or next(positional, None)
            if isinstance(argument.value, Unknown):
                return UNKNOWN
            if name not in names or not isinstance(argument.value, int | float):
                wanted = ", ".join(names)
                self.report(
                    frame,
                    "bad-argument",
                    f"`{word}` takes {'the numbers ' + wanted if wanted else 'no arguments'}",
                    argument.span,
                    help=f"write `{word}({', '.join(f'{name} = …' for name in names)})`"
                    if names
                    else f"write `{word}`",
                )
                return UNKNOWN
            values[name] = float(argument.value)
        missing = [name for name, value in values.items() if value is None]
        if missing:
            help = f"write `{word}({', '.join(f'{name} = …' for name in missing)})`"
            self.report(frame, "missing-argument", f"`{word}` needs `{missing[0]}`", expr.span, help=help)
            return UNKNOWN
        return Initial(word, tuple(value for value in values.values() if value is not None))


_EVALUATE: dict[type, Callable[[Evaluator, Any, Frame], object]] = {
    tree.Number: Evaluator._number,
    tree.Extent: Evaluator._extent,
    tree.String: Evaluator._string,
    tree.Name: Evaluator._name,
    tree.Primed: Evaluator._primed,
    tree.In: Evaluator._in,
    tree.It: Evaluator._it,
    tree.Group: Evaluator._group,
    tree.Tuple: Evaluator._tuple,
    tree.List: Evaluator._list,
    tree.Chain: Evaluator._chain,
    tree.Choice: Evaluator._choice,
    tree.Arithmetic: Evaluator._arithmetic,
    tree.Logic: Evaluator._logic,
    tree.Not: Evaluator._not,
    tree.Compare: Evaluator._compare,
    tree.Range: Evaluator._range,
    tree.Negative: Evaluator._negative,
    tree.Field: Evaluator._field,
    tree.Index: Evaluator._index,
    tree.Call: Evaluator._call,
}
