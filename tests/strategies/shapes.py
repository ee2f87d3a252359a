"""Shapes, and pieces of the syntax tree, that random networks are put together from."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from netc.compiler.source import Source, Span
from netc.compiler.syntax import tree

SPAN = Span(Source("made", ""), 0, 0)
# What N and T are in the figures.
SIZES = {"N": 3, "T": 5}
Dim = int | str
Shape = tuple[Dim, ...]
Item = int | tree.Expr


@dataclass(frozen=True, slots=True)
class Made:
    """A layer in the text, and what it should give: its output shape, trained numbers and multiply-accumulates."""

    kind: str
    arguments: tuple[tuple[str | None, Item], ...]
    shape: Shape
    params: int = 0
    macs: int = 0


def real(size: Dim) -> int:
    return SIZES[size] if isinstance(size, str) else size


def volume(shape: Shape) -> int:
    return prod(map(real, shape))


def whole(shape: Shape) -> bool:
    return all(isinstance(size, int) for size in shape)


def number(value: float) -> tree.Number:
    return tree.Number(SPAN, str(value), value)


def word(name: str) -> tree.Name:
    return tree.Name(SPAN, name)


def flag(value: bool) -> tree.Name:
    return word("yes" if value else "no")


def channel_axis(shape: Shape) -> int:
    return 2 if len(shape) == 5 else 1


def feature_axis(shape: Shape) -> int:
    """The dimension that concat, split, softmax and mean work along."""
    return {4: 1, 5: 2}.get(len(shape), len(shape) - 1)


def put(shape: Shape, axis: int, size: Dim) -> Shape:
    return (*shape[:axis], size, *shape[axis + 1 :])


def is_image(shape: Shape) -> bool:
    return len(shape) in (3, 4, 5) and isinstance(shape[channel_axis(shape)], int)


def extents(shape: Shape) -> Shape:
    return shape[channel_axis(shape) + 1 :]


def with_extents(shape: Shape, sizes: Shape, channels: int | None = None) -> Shape:
    axis = channel_axis(shape)
    return (*shape[:axis], shape[axis] if channels is None else channels, *sizes)
