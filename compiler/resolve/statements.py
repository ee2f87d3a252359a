"""Running the statements of a body, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..graph.arguments import CONVERTERS, ArgumentError
from ..graph.builder import OpenUse
from ..graph.dims import Poly, symbol
from ..graph.graph import Value
from ..graph.initial import ZEROS, Initial
from ..graph.op import OpError
from ..graph.tensor import ITEM_BYTES, TensorType
from ..source import Span
from ..syntax import tree
from . import numbers
from .cell_options import states_help
from .frame import Frame, State
from .naming import Mark, close_binding
from .values import UNKNOWN, Instance, Recipe, Tensor, Unknown, describe, write

if TYPE_CHECKING:
    from .evaluate import Evaluator


def run(evaluator: Evaluator, body: tree.Body, frame: Frame) -> None:
    """Run the statements of a body; declarations of a net are read elsewhere."""
    evaluator.enter(body.span, frame)
    for statement in body.statements:
        evaluator.step(statement.span, frame)
        action = _RUN.get(type(statement))
        if action is not None:
            action(evaluator, statement, frame)
    evaluator.leave()


def _flow(evaluator: Evaluator, statement: tree.Flow, frame: Frame) -> None:
    frame.it = _tensors(evaluator, evaluator.pipeline(statement.value, frame), statement.value.span, None, frame)


def _bind(evaluator: Evaluator, statement: tree.Bind, frame: Frame) -> None:
    first = statement.names[0].id
    scope = frame.mark
    binding = Mark("block", first)
    scope.add(binding)
    frame.mark = binding
    value = evaluator.pipeline(statement.value, frame)
    frame.mark = scope
    close_binding(scope, binding)
    value = _tensors(evaluator, value, statement.value.span, first, frame)
    frame.it = value
    if len(statement.names) == 1:
        _name(statement.names[0], value, frame)
        return
    values = value if isinstance(value, tuple) else (value,) * (len(statement.names) if value is UNKNOWN else 1)
    if len(values) != len(statement.names):
        evaluator.report(
            frame,
            "value-count",
            f"{len(statement.names)} names are bound to {len(values)} value{'s' if len(values) > 1 else ''}",
            statement.span,
            help=states_help(statement.value, [name.id for name in statement.names], frame.file)
            or "give one name for each value",
        )
        values = (UNKNOWN,) * len(statement.names)
    for name, item in zip(statement.names, values, strict=True):
        _name(name, item, frame)


def _name(name: tree.Name | tree.Primed, value: object, frame: Frame) -> None:
    (frame.next if isinstance(name, tree.Primed) else frame.names[-1])[name.id] = value


def _tensors(evaluator: Evaluator, value: object, span: Span, name: str | None, frame: Frame) -> object:
    """Check that a statement's value is a tensor, or several."""
    several = isinstance(value, tuple) and any(isinstance(item, Tensor | Unknown) for item in value)
    items: tuple[object, ...] = value if several and isinstance(value, tuple) else (value,)
    for item in items:
        if not isinstance(item, Tensor | Unknown):
            text = write(item) if isinstance(item, str) else span.text
            evaluator.report(
                frame,
                "not-a-tensor",
                f"a statement is a pipeline of tensors, and this is {describe(item)}",
                span,
                help=f"write `let {name or 'name'} = {text if len(text) < 40 else '…'}` to name what is not a tensor",
            )
            return UNKNOWN
    return value


def _let(evaluator: Evaluator, statement: tree.Let, frame: Frame) -> None:
    name = statement.name.id
    before = frame.it
    value = evaluator.evaluate(statement.value, frame)
    frame.it = before
    if isinstance(value, Recipe):
        value = Instance(name, value, frame.mark)
    if isinstance(value, Tensor) or (isinstance(value, tuple) and any(isinstance(item, Tensor) for item in value)):
        evaluator.report(
            frame,
            "not-a-constant",
            "`let` names numbers, lists and layers, and this is a tensor",
            statement.span,
            help=f"write `{name} = …` without `let`",
        )
    frame.names[-1][name] = value


def _repeat(evaluator: Evaluator, statement: tree.Repeat, frame: Frame) -> None:
    count = evaluator.evaluate(statement.count, frame)
    if isinstance(count, Poly):
        error = numbers.unbound(count, "it cannot be counted to")
        evaluator.report(frame, error.code, str(error), statement.count.span, help=error.help)
        count = UNKNOWN
    if isinstance(count, Unknown):
        frame.it = UNKNOWN
        return
    if not numbers.whole(count) or count < 0:
        evaluator.report(
            frame,
            "bad-operand",
            f"`repeat` takes a whole number from 0 up, not {describe(count)}",
            statement.count.span,
            help="write `repeat 3 { … }`",
        )
        frame.it = UNKNOWN
        return
    evaluator.step(statement.count.span, frame, count)
    for i in range(count):
        frame.names.append({statement.variable.id: i} if statement.variable else {})
        run(evaluator, statement.body, frame)
        frame.names.pop()


def _for(evaluator: Evaluator, statement: tree.For, frame: Frame) -> None:
    items = evaluator.evaluate(statement.items, frame)
    if isinstance(items, Unknown):
        frame.it = UNKNOWN
        return
    if not isinstance(items, tuple):
        evaluator.report(
            frame,
            "bad-operand",
            f"`for` runs over a list, and this is {describe(items)}",
            statement.items.span,
            help="write `for c in [64, 128] { … }` or `for i in 0..4 { … }`",
        )
        frame.it = UNKNOWN
        return
    names = [name.id for name in statement.names]
    for item in items:
        values = item if len(names) > 1 and isinstance(item, tuple) else (item,)
        if len(values) != len(names):
            evaluator.report(
                frame,
                "value-count",
                f"`for` names {len(names)} values, and an item of the list has {len(values)}",
                statement.items.span,
                help="give every item as many values as there are names",
            )
            frame.it = UNKNOWN
            return
        frame.names.append(dict(zip(names, values, strict=True)))
        run(evaluator, statement.body, frame)
        frame.names.pop()


def _if(evaluator: Evaluator, statement: tree.If, frame: Frame) -> None:
    for condition, body in statement.branches:
        truth = evaluator.truth(condition, frame)
        if isinstance(truth, Unknown):
            frame.it = UNKNOWN
            for _, unknown in statement.branches:
                _forget(unknown, frame)
            if statement.otherwise:
                _forget(statement.otherwise, frame)
            return
        if truth:
            run(evaluator, body, frame)
            return
    if statement.otherwise is not None:
        run(evaluator, statement.otherwise, frame)


def _forget(body: tree.Body, frame: Frame) -> None:
    """Bind what a branch would bind, when it is not known whether it is taken."""
    for statement in body.statements:
        if isinstance(statement, tree.Bind):
            for name in statement.names:
                _name(name, UNKNOWN, frame)
        elif isinstance(statement, tree.Let):
            frame.names[-1][statement.name.id] = UNKNOWN


def _output(evaluator: Evaluator, statement: tree.Output, frame: Frame) -> None:
    for name in statement.names:
        value = evaluator.evaluate(name, frame)
        if not isinstance(value, Tensor | Unknown):
            evaluator.report(
                frame,
                "not-a-tensor",
                f"an output is a tensor, and `{name.id}` is {describe(value)}",
                name.span,
                help=_output_help(name.id, value),
            )
            value = UNKNOWN
        frame.outputs.append((name.id, value, name.span))


def _output_help(name: str, value: object) -> str:
    if isinstance(value, tuple) and all(isinstance(item, Tensor | Unknown) for item in value):
        names = ", ".join([name, *(f"{name}{number}" for number in range(2, len(value) + 1))])
        return f"name each where they are made, `{names} = …`, and then those to give: `output {name}`"
    return f"bind a pipeline to it: `{name} = …`, without `let`"


def _weight(evaluator: Evaluator, statement: tree.Weight, frame: Frame) -> None:
    for slot in statement.slots:
        dims = [evaluator.evaluate(dim, frame) for dim in slot.dims]
        initial = evaluator.evaluate(slot.value, frame) if slot.value is not None else ZEROS
        if any(isinstance(value, Unknown) for value in (*dims, initial)):
            frame.names[-1][slot.name] = UNKNOWN
            continue
        mark = frame.mark.add(Mark("param", slot.name))
        use = OpenUse("param", slot.span, frame.chain, ())
        evaluator.uses.open(use, mark, frame)
        try:
            axes = {"steps": 1} | {f"size {place + 1}": CONVERTERS["Positive"](dim) for place, dim in enumerate(dims)}
            value = evaluator.builder.param("", axes, CONVERTERS["Initial"](initial))
        except ArgumentError as error:
            evaluator.report(
                frame,
                "bad-argument",
                f"the size of a weight is {error}",
                slot.span,
                help=f"write `param {slot.name}[units]`, or `param {slot.name}[units] = normal(0.1)`",
            )
            frame.names[-1][slot.name] = UNKNOWN
            continue
        except OpError as error:
            evaluator.report_op(frame, error, slot.span)
            frame.names[-1][slot.name] = UNKNOWN
            continue
        use.outs = (value,)
        frame.names[-1][slot.name] = Tensor(value, slot.span)


def _port(evaluator: Evaluator, statement: tree.Input | tree.Target, frame: Frame) -> None:
    """An input or target of a net: its type, with N as the first dimension."""
    name, type = statement.name.id, statement.type
    dims = tuple(evaluator.evaluate(dim, frame) for dim in type.dims)
    frame.names[-1][name] = UNKNOWN
    if statement.span in evaluator.broken:
        return
    if type.dtype not in ITEM_BYTES or any(isinstance(dim, Unknown) for dim in dims):
        evaluator.port(statement, UNKNOWN, frame)
        return
    sizes = [dim for dim in dims if isinstance(dim, Poly) or (numbers.whole(dim) and dim >= 1)]
    if len(sizes) != len(dims) or not sizes or sizes[0] != symbol("N"):
        evaluator.report(
            frame,
            "bad-argument",
            "the first dimension of an input or target is N, the others are sizes from 1 up",
            type.span,
            help=f"write `{name}: {type.dtype}[{', '.join(_mended(type, dims))}]`",
        )
        evaluator.port(statement, UNKNOWN, frame)
        return
    made = TensorType(type.dtype, tuple(sizes))
    try:
        evaluator.builder.check(made)
    except OpError as error:
        evaluator.report_op(frame, error, type.span)
        evaluator.port(statement, UNKNOWN, frame)
        return
    value = evaluator.builder.value(made)
    tensor = Tensor(value, statement.name.span)
    frame.names[-1][name] = tensor
    evaluator.port(statement, tensor, frame)


def _state(evaluator: Evaluator, statement: tree.State, frame: Frame) -> None:
    """The states of a cell, as a step finds them; outside of a cell they have been reported."""
    for slot in statement.slots:
        frame.names[-1][slot.name] = UNKNOWN
        dims = [evaluator.evaluate(dim, frame) for dim in slot.dims]
        initial = evaluator.evaluate(slot.value, frame) if slot.value is not None else 0
        if frame.samples is None or any(isinstance(value, Unknown) for value in (*dims, initial)):
            continue
        symbolic = next((dim for dim in dims if isinstance(dim, Poly)), None)
        if symbolic is not None:
            error = numbers.unbound(symbolic, f"the state `{slot.name}` has no size")
            evaluator.report(frame, error.code, str(error), slot.span, help=error.help)
            continue
        try:
            sizes = [CONVERTERS["Positive"](dim) for dim in dims]
        except ArgumentError as error:
            help = f"write `state {slot.name}[units]`; N is left out"
            evaluator.report(frame, "bad-argument", f"the size of a state is {error}", slot.span, help=help)
            continue
        type = TensorType(evaluator.builder.float_type, (frame.samples, *sizes))
        first = _first(evaluator, initial, type, slot, frame)
        if first is None:
            continue
        value = evaluator.builder.value(type)
        frame.states.append(State(slot.name, value, first, slot.span))
        frame.names[-1][slot.name] = Tensor(value, slot.span)


def _first(
    evaluator: Evaluator, value: object, type: TensorType, slot: tree.Slot, frame: Frame
) -> float | Value | None:
    """What a state starts at: a number, or a `param` of its shape; None when it is neither, which is reported."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, Tensor) and value.value.type.shape == (1, *type.shape[1:]):
        return value.value
    sizes = f"[{', '.join(dim.span.text for dim in slot.dims)}]"
    first = f"{slot.name}0"
    filled = {"zeros": f"leave it out, a state starts at 0: `state {slot.name}{sizes}`"}
    filled["ones"] = f"write `state {slot.name}{sizes} = 1`"
    initial = f" = {slot.value.span.text}" if isinstance(value, Initial) and slot.value else ""
    evaluator.report(
        frame,
        "bad-argument",
        f"the state `{slot.name}` starts at a number or a `param` of its size, not at {describe(value)}",
        slot.span,
        help=filled.get(str(value))
        or f"write `param {first}{sizes}{initial}`, which is trained, and `state {slot.name}{sizes} = {first}`",
    )
    return None


def _broken(evaluator: Evaluator, statement: tree.Broken, frame: Frame) -> None:
    """What it binds is not known; of a cell, that may be the next value of any state."""
    frame.it = UNKNOWN
    for state in frame.states:
        frame.next.setdefault(state.name, UNKNOWN)


_RUN: dict[type, Callable[[Evaluator, Any, Frame], None]] = {
    tree.Flow: _flow,
    tree.Bind: _bind,
    tree.Let: _let,
    tree.Repeat: _repeat,
    tree.For: _for,
    tree.If: _if,
    tree.Output: _output,
    tree.Weight: _weight,
    tree.State: _state,
    tree.Broken: _broken,
    tree.Input: _port,
    tree.Target: _port,
}


def _mended(type: tree.Type, dims: tuple[object, ...]) -> list[str]:
    """The dimensions as they might be meant: N instead of the first where there are as many as a batch of vectors or
    images has, else before it; `…` for what is no size."""
    texts = [dim.span.text if _is_size(value) else "…" for dim, value in zip(type.dims, dims, strict=True)]
    if dims and dims[0] == symbol("N"):
        return texts
    return ["N", *texts[len(dims) in (2, 4) :]] if texts else ["N", "…"]


def _is_size(value: object) -> bool:
    return isinstance(value, Poly) or (numbers.whole(value) and isinstance(value, int) and value >= 1)
