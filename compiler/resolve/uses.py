"""Uses of layers, blocks and operators: from a call with its arguments to nodes of the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..diagnostics.diagnostic import Label
from ..graph.arguments import ArgumentError, Signature, Word, signature
from ..graph.builder import OpenUse
from ..graph.dims import Poly
from ..graph.graph import Value
from ..graph.layer import Layer, Shared
from ..graph.op import OpError
from ..ops.arithmetic import combine
from ..source import Span
from ..syntax import tree
from .blocks import apply_block
from .doubts import size_in_front
from .fitting import fed, fitting, positional
from .frame import Frame
from .naming import Mark
from .translate import SHOWN, by_name, kernel_first, size_first
from .values import UNKNOWN, Definition, Given, Instance, Recipe, Tensor, Unknown, describe
from .walk import Stop

if TYPE_CHECKING:
    from .evaluate import Evaluator

_OPERATOR_KINDS = {"+": "add", "-": "sub", "*": "mul", "/": "div"}


class Uses:
    """Applies layers for an evaluator. `_sharing` are the `let` instances that are being applied, the outermost first,
    each with the place in its first application's uses that comes next; `_bare` are layers without arguments, most of
    all that there are, which are bound once."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self._sharing: list[tuple[Instance, list[int]]] = []
        self._bare: dict[type[Layer], Layer] = {}

    def call(self, target: Recipe | Instance, given: list[Given], span: Span, frame: Frame) -> object:
        """A layer with arguments in brackets: leading tensors are its inputs, and it is applied to them at once."""
        inputs: list[object] = []
        for argument in given:
            if argument.name is not None or not _is_tensors(argument.value):
                break
            inputs.append(argument.value)
        rest = tuple(given[len(inputs) :])
        if any(isinstance(argument.value, Unknown) and argument.name is None for argument in rest) and not inputs:
            # An unknown positional argument may have been an input.
            return UNKNOWN
        recipe = self._with(target, rest, span, frame) if rest else target
        if not inputs or isinstance(recipe, Unknown):
            return recipe
        return self.apply(recipe, inputs[0] if len(inputs) == 1 else tuple(inputs), span, frame)

    def _with(self, target: Recipe | Instance, given: tuple[Given, ...], span: Span, frame: Frame) -> Recipe | Unknown:
        if isinstance(target, Instance):
            self.evaluator.report(
                frame,
                "bad-argument",
                f"`{target.name}` is one instance and already has its arguments",
                span,
                help="feed it a value: `value -> " + target.name + "`",
            )
            return UNKNOWN
        if not target.arguments:
            return Recipe(target.name, target.target, given)
        names = {argument.name for argument in target.arguments}
        if any(argument.name is None or argument.name in names for argument in given):
            self.evaluator.report(
                frame,
                "bad-argument",
                f"`{target.name}` has been given these arguments already",
                span,
                help="give each argument once",
            )
            return UNKNOWN
        return Recipe(target.name, target.target, (*target.arguments, *given))

    def apply(self, target: Recipe | Instance, fed: object, span: Span, frame: Frame) -> object:
        """Apply a layer or block to what is fed into it."""
        if isinstance(target, Recipe):
            return self._apply(target, None, fed, span, frame)
        self._sharing.append((target, [0]))
        try:
            result = self._apply(target.recipe, target, fed, span, frame)
        finally:
            self._sharing.pop()
        if isinstance(result, Unknown) and not target.applied:
            # An application that failed made no weights, or not all: the next one is the first.
            target.uses.clear()
        else:
            target.applied = True
        return result

    def _apply(self, recipe: Recipe, instance: Instance | None, fed: object, span: Span, frame: Frame) -> object:
        inputs = self._inputs(fed, span, frame)
        scope, label = (instance.mark, instance.name) if instance else (frame.mark, None)
        if isinstance(recipe.target, Definition):
            mark = Mark(recipe.name, label, applied=instance or recipe)
            if isinstance(recipe.target.item, tree.Cell):
                # What cells and their loops are made of, networks without any do without.
                from .cells import apply_cell

                return apply_cell(self.evaluator, recipe, inputs, scope.add(mark), span, frame)
            return apply_block(self.evaluator, recipe, inputs, scope.add(mark), span, frame)
        layer = self._bind(recipe, recipe.target, span, frame)
        if isinstance(layer, Unknown) or isinstance(inputs, Unknown):
            return UNKNOWN
        if instance is not None:
            instance.layer = layer
        mark = scope.add(Mark(recipe.name, label, applied=instance or recipe))
        values = tuple([tensor.value for tensor in inputs])
        self.open(OpenUse(recipe.name, span, frame.chain, values), mark, frame)
        try:
            self._arity(recipe.name, layer, len(inputs))
            made = layer.build(self.evaluator.builder, values)
        except OpError as error:
            self._report(error, recipe, inputs, span, frame)
            return UNKNOWN
        if recipe.arguments:
            for doubt in size_in_front(recipe.name, positional(recipe), values[0].type, span):
                self.evaluator.collector.add(doubt)
        outs = made if isinstance(made, tuple) else (made,)
        self.evaluator.builder.uses[-1].outs = outs
        tensors = tuple([Tensor(out, span) for out in outs])
        return tensors if isinstance(made, tuple) else tensors[0]

    def operate(
        self, operator: str, left: object, right: object, spans: tuple[Span, Span, Span], frame: Frame
    ) -> object:
        """`left operator right`, where one of them is a tensor and the other a tensor or a number."""
        sides: list[Value | float] = []
        if operator not in _OPERATOR_KINDS:
            self.evaluator.report(
                frame,
                "bad-operand",
                f"`{operator}` works on numbers, not on tensors",
                spans[2],
                help="tensors have `+ - * /`",
            )
            return UNKNOWN
        for side, span in zip((left, right), spans, strict=False):
            if not isinstance(side, Tensor | int | float) or isinstance(side, bool):
                self.evaluator.report(
                    frame,
                    "bad-operand",
                    f"`{operator}` cannot combine a tensor with {describe(side)}",
                    span,
                    help="a tensor combines with a tensor or a number, by `+ - * /`",
                )
                return UNKNOWN
            sides.append(side.value if isinstance(side, Tensor) else cast(float, side))
        kind = _OPERATOR_KINDS[operator]
        values = tuple([side for side in sides if isinstance(side, Value)])
        mark = frame.mark.add(Mark(kind, operator=True, applied=(sides[0], operator, sides[1])))
        self.open(OpenUse(kind, spans[2], frame.chain, values), mark, frame)
        try:
            out = combine(self.evaluator.builder, operator, sides[0], sides[1])
        except OpError as error:
            origin = ((left, spans[0]), (right, spans[1]))
            labels = tuple(
                Label(side.span if side.span is not span else span, f"this is {side.value.type}")
                for side, span in origin
                if isinstance(side, Tensor)
            )
            self.evaluator.report_op(frame, error, spans[2], labels)
            return UNKNOWN
        self.evaluator.builder.uses[-1].outs = (out,)
        return Tensor(out, spans[2])

    def open(self, use: OpenUse, mark: Mark, frame: Frame) -> None:
        """Open a layer use; inside an application of a `let` instance after its first, it shares the weights."""
        evaluator = self.evaluator
        mark.use = len(evaluator.builder.uses)
        if mark.use >= evaluator.limits.layers:
            evaluator.report(
                frame,
                "limit",
                f"the network has more than {evaluator.limits.layers:,} layer uses",
                use.span,
                help="the limit `layers` can be raised with `--limit layers=…`",
            )
            raise Stop
        for instance, place in self._sharing:
            if not instance.applied:
                instance.uses.append(use)
                continue
            first = instance.uses[place[0]] if place[0] < len(instance.uses) else None
            place[0] += 1
            if use.shares is None and first is not None and first.kind == use.kind:
                use.shares = first.shares or first
        evaluator.builder.open(use)

    def _inputs(self, fed: object, span: Span, frame: Frame) -> tuple[Tensor, ...] | Unknown:
        if isinstance(fed, Tensor):
            return (fed,)
        items = fed if isinstance(fed, tuple) else (fed,)
        for item in items:
            if isinstance(item, Unknown):
                return UNKNOWN
            if not isinstance(item, Tensor):
                self.evaluator.report(
                    frame,
                    "not-a-tensor",
                    f"a layer is fed tensors, and this is {describe(item)}",
                    span,
                    help="numbers go into the brackets of a layer, tensors through `->`",
                )
                return UNKNOWN
        return tuple(item for item in items if isinstance(item, Tensor))

    def _arity(self, name: str, layer: Layer, count: int) -> None:
        least, most = layer.arity
        if count < least or (most is not None and count > most):
            wanted = f"{least}" if least == most else f"{least} or more" if most is None else f"{least} to {most}"
            raise OpError(
                "input-count",
                f"`{name}` takes {wanted} input{'s' if wanted != '1' else ''}, here are {count}",
                help="`(a, b) -> concat` or `a + b` makes one tensor of several"
                if count > 1
                else f"feed several: `(a, b) -> {name}`",
            )

    def _bind(self, recipe: Recipe, target: type[Layer], span: Span, frame: Frame) -> Layer | Unknown:
        """The layer with its arguments checked; every mistake in them is reported."""
        if not recipe.arguments and target in self._bare:
            return self._bare[target]
        signatures = signature(target)
        by_name = {item.name: item for item in signatures}
        values: dict[str, object] = {}
        ok = True
        for place, given in enumerate(recipe.arguments):
            if given.name is None and place >= len(signatures):
                if not ok:
                    return UNKNOWN
                self.evaluator.report(
                    frame,
                    "too-many-arguments",
                    f"`{recipe.name}` takes {at_most(len(signatures))}",
                    given.span,
                    help=f"a layer feeds another by `->`: `{fed(recipe)}`"
                    if isinstance(given.value, Recipe)
                    else f"its arguments are {', '.join(by_name)}"
                    if by_name
                    else "write it without brackets",
                )
                return UNKNOWN
            if given.name is None and signatures[place].named and not isinstance(given.value, Unknown):
                self._unnamed(recipe, signatures, place, frame)
                return UNKNOWN
            name = given.name or signatures[place].name
            if name not in by_name or isinstance(given.value, Unknown):
                ok = False
            elif name in values:
                ok = False
                self.evaluator.report(
                    frame, "duplicate-argument", f"`{name}` is given twice", given.span, help="give each argument once"
                )
            else:
                values[name], fine = self._convert(recipe, by_name[name], given, frame)
                ok = ok and fine
                if not fine and isinstance(given.value, Recipe) and given.name is None:
                    # It stands where an argument does, and those after it one place too far.
                    return UNKNOWN
        missing = [item.name for item in signatures if item.required and item.name not in values]
        if missing and ok:
            written = [*(given.span.text for given in recipe.arguments if given.name is None)]
            written += [f"{name} = …" for name in missing]
            self.evaluator.report(
                frame,
                "missing-argument",
                f"`{recipe.name}` needs `{missing[0]}`",
                span,
                help=f"write `{recipe.name}({', '.join(written[:SHOWN])})`, or see `netc layers {recipe.name}`",
            )
            return UNKNOWN
        if not ok:
            return UNKNOWN
        layer = target(**values)
        try:
            layer.check()
        except OpError as error:
            if error.argument == signatures[0].name or recipe.name in ("batchnorm", "layernorm"):
                error.help = size_first(recipe.name, positional(recipe)) or error.help
            self._report(error, recipe, (), span, frame)
            return UNKNOWN
        if not recipe.arguments:
            self._bare[target] = layer
        return layer

    def _unnamed(self, recipe: Recipe, signatures: tuple[Signature, ...], place: int, frame: Frame) -> None:
        """Report an argument without a name behind those that may stand so: libraries differ in what comes there."""
        given = recipe.arguments[place]
        before = [item.name for item in signatures if not item.named]
        named = [item.name for item in signatures if item.named]
        texts = [item.span.text for item in recipe.arguments if item.name is None]
        self.evaluator.report(
            frame,
            "named-argument",
            f"`{recipe.name}` takes what follows `{before[-1]}` by name, and `{given.span.text}` has none",
            given.span,
            help=by_name(recipe.name, texts, place) or f"write its name, one of {', '.join(named)}",
        )

    def _convert(self, recipe: Recipe, wanted: Signature, given: Given, frame: Frame) -> tuple[object, bool]:
        value = given.value
        if wanted.words and isinstance(value, Recipe) and not value.arguments:
            value = Word(value.name)
        if wanted.annotation == "Instance" and isinstance(value, Instance) and value.layer is not None:
            if not value.applied:
                # Its first application failed, which has been reported.
                return None, False
            value = Shared(value.layer, value.uses[0])
        try:
            return wanted.convert(value), True
        except ArgumentError as error:
            self.evaluator.report(
                frame,
                "unbound-dimension" if isinstance(value, Poly) else "bad-argument",
                f"`{wanted.name}` of `{recipe.name}` is {error}, not {describe(given.value)}",
                given.span,
                help=fitting(recipe, wanted, given, value),
            )
            return None, False

    def _report(self, error: OpError, recipe: Recipe, inputs: tuple[Tensor, ...], span: Span, frame: Frame) -> None:
        """Report a broken rule at the argument at fault, or at the layer with its input's origin beside it."""
        place = span
        if error.argument is not None:
            place = next((given.span for given in recipe.arguments if given.name == error.argument), None) or (
                self._positional(recipe, error.argument) or span
            )
        if error.code == "window":
            error.help += kernel_first(recipe.name, positional(recipe))
        labels = []
        for number, tensor in enumerate(inputs):
            if error.operand in (None, number) and tensor.span != span:
                labels.append(Label(tensor.span, f"the input, {tensor.value.type}, comes from here"))
        self.evaluator.report_op(frame, error, place, tuple(labels[:4]))

    def _positional(self, recipe: Recipe, argument: str) -> Span | None:
        assert not isinstance(recipe.target, Definition)
        names = [item.name for item in signature(recipe.target)]
        place = names.index(argument) if argument in names else len(recipe.arguments)
        if place < len(recipe.arguments) and recipe.arguments[place].name is None:
            return recipe.arguments[place].span
        return None


def at_most(count: int) -> str:
    return f"at most {count} argument{'s' if count > 1 else ''}" if count else "no arguments"


def _is_tensors(value: object) -> bool:
    return isinstance(value, Tensor) or (
        isinstance(value, tuple) and bool(value) and all(isinstance(item, Tensor) for item in value)
    )
