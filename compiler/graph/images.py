"""What layers for images share: which inputs they take, the rule that they work on every step of a sequence, and
channels in groups."""

from __future__ import annotations

from collections.abc import Callable

from .builder import Builder
from .dims import Poly
from .graph import Value
from .op import OpError
from .tensor import TensorType
from .window import unbound

FLOATS = ("f32", "f64")


def want_float(type: TensorType, operand: int = 0) -> None:
    """Raises OpError unless the type is a float."""
    if type.dtype not in FLOATS:
        raise OpError(
            "element-type",
            f"this layer computes with f32 or f64, the input is {type}",
            operand=operand,
            help="declare the input as f32; words and characters go through `embed` first, bytes through `normalize`",
        )


def want_image(x: Value, operand: int = 0) -> None:
    """Raises OpError unless x is [N, channels, length], [N, channels, height, width] or that at every step."""
    want_float(x.type, operand)
    if x.type.rank not in (3, 4, 5):
        raise OpError(
            "shape-mismatch",
            f"this layer reads [N, channels, height, width] or [N, channels, length], the input is {x.type}",
            operand=operand,
            help="`reshape([channels, height, width])` makes an image of a vector",
        )


def on_images(b: Builder, ins: tuple[Value, ...], build: Callable[[tuple[Value, ...]], Value]) -> Value:
    """Apply `build`, which works on rank 3 and 4, to every step of inputs [N, T, channels, height, width] too.

    Raises OpError when an input is no image, or when several do not agree in all that stands before the channels.
    """
    for operand, x in enumerate(ins):
        want_image(x, operand)
    steps = ins[0].type.shape[: 2 if ins[0].type.rank == 5 else 1]
    for operand, x in enumerate(ins[1:], 1):
        if x.type.rank != ins[0].type.rank or x.type.shape[: len(steps)] != steps:
            raise OpError(
                "shape-mismatch",
                f"input {operand + 1} is {x.type}, which does not go with the first, {ins[0].type}",
                operand=operand,
                help="several inputs need the same number of dimensions, and the same N and T",
            )
    if len(steps) == 1:
        return build(ins)
    from ..ops.reshape import Reshape

    n, t = steps
    y = build(tuple(b(Reshape((n * t, *x.type.shape[2:])), x) for x in ins))
    return b(Reshape((n, t, *y.type.shape[1:])), y)


def number_of_channels(x: Value) -> int:
    """The channels of an image [N, channels, …] as a number. Raises OpError when they are symbolic."""
    channels = x.type.shape[1]
    if isinstance(channels, Poly):
        raise unbound("number of channels", channels, "a weight or group needs a number")
    return channels


def per_group(what: str, channels: int, groups: int) -> int:
    """The size of each of the groups. Raises OpError when `groups` does not divide the channels."""
    if channels % groups == 0:
        return channels // groups
    raise OpError(
        "groups",
        f"{channels} {what} cannot be divided into {groups} groups",
        argument="groups",
        help=f"write a number of groups that divides {channels}" + _divisors(channels),
    )


def _divisors(channels: int) -> str:
    if channels > 2**16:
        return ""
    found = [str(size) for size in range(1, channels + 1) if channels % size == 0]
    return f": {', '.join(found)}" if len(found) <= 16 else ""
