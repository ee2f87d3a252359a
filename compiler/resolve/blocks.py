"""Applying a block: its parameters, its inputs, and its body in a scope of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..source import Span
from ..syntax import tree
from .frame import Frame
from .naming import Mark
from .statements import run
from .values import UNKNOWN, Definition, Recipe, Tensor, Unknown

if TYPE_CHECKING:
    from .evaluate import Evaluator


def apply_block(
    evaluator: Evaluator,
    recipe: Recipe,
    inputs: tuple[Tensor, ...] | Unknown,
    mark: Mark,
    span: Span,
    frame: Frame,
) -> object:
    """The value of a block's body with these inputs: its last value, or the values that it outputs.

    `mark` is the scope of names that this use opens.
    """
    definition = recipe.target
    assert isinstance(definition, Definition)
    item = definition.item
    if too_deep(evaluator, span, frame):
        return UNKNOWN
    values = parameters(evaluator, recipe, item, span, frame)
    if isinstance(inputs, Unknown) or isinstance(values, Unknown):
        return UNKNOWN
    wanted = len(item.inputs) or 1
    if len(inputs) != wanted:
        evaluator.report(
            frame,
            "input-count",
            f"the block `{recipe.name}` takes {wanted} input{'s' if wanted > 1 else ''}, here are {len(inputs)}",
            span,
            help="`block name(…) from a, b` names several inputs"
            if wanted == 1
            else f"feed it `({', '.join(name.id for name in item.inputs)}) -> {recipe.name}`",
        )
        return UNKNOWN
    names: dict[str, object] = {name.id: tensor for name, tensor in zip(item.inputs, inputs, strict=False)}
    one = inputs[0] if wanted == 1 else None
    inner = Frame(definition.file, [names], one, one, mark, (*frame.chain, span))
    bind_parameters(evaluator, item, values, inner)
    run(evaluator, item.body, inner)
    if not inner.outputs:
        return UNKNOWN if inner.it is None else inner.it
    results = tuple(value for _, value, _ in inner.outputs)
    return results[0] if len(results) == 1 else results


def bind_parameters(
    evaluator: Evaluator, item: tree.Block | tree.Cell, values: dict[str, object], frame: Frame
) -> None:
    """Bind the parameters in a body's own frame, in order: a default may read those before it."""
    for parameter in item.parameters:
        name = parameter.name.id
        if name in values:
            frame.names[0][name] = values[name]
        elif parameter.default is not None:
            frame.names[0][name] = evaluator.evaluate(parameter.default, frame)


def too_deep(evaluator: Evaluator, span: Span, frame: Frame) -> bool:
    """Whether blocks are nested over the limit, which is reported."""
    if len(frame.chain) < evaluator.limits.block_depth:
        return False
    evaluator.report(
        frame,
        "limit",
        f"blocks are nested deeper than {evaluator.limits.block_depth} uses",
        span,
        help="use fewer blocks inside each other",
    )
    return True


def parameters(
    evaluator: Evaluator, recipe: Recipe, item: tree.Block | tree.Cell, span: Span, frame: Frame
) -> dict[str, object] | Unknown:
    """The given arguments by parameter name; every mistake in them is reported."""
    names = [parameter.name.id for parameter in item.parameters]
    values: dict[str, object] = {}
    for place, given in enumerate(recipe.arguments):
        if given.name is None and place >= len(names):
            evaluator.report(
                frame,
                "too-many-arguments",
                f"`{recipe.name}` takes at most {len(names)} argument{'s' if len(names) > 1 else ''}"
                if names
                else f"`{recipe.name}` takes no arguments",
                given.span,
                help=f"its parameters are {', '.join(names)}" if names else "write it without brackets",
            )
            return UNKNOWN
        name = given.name or names[place]
        if name not in names:
            return UNKNOWN
        if name in values:
            evaluator.report(
                frame, "duplicate-argument", f"`{name}` is given twice", given.span, help="give each argument once"
            )
            return UNKNOWN
        values[name] = given.value
    missing = [p.name.id for p in item.parameters if p.default is None and p.name.id not in values]
    if missing:
        evaluator.report(
            frame,
            "missing-argument",
            f"`{recipe.name}` needs `{missing[0]}`",
            span,
            help=f"write `{recipe.name}({', '.join(f'{name} = …' for name in missing)})`",
        )
        return UNKNOWN
    return values
