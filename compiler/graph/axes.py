"""Which dimension a layer works along."""

from __future__ import annotations

from .op import OpError
from .tensor import TensorType


def pick_axis(given: int | None, type: TensorType) -> int:
    """The axis given, or the default: 1 for rank 4, 2 for rank 5, else the last. Never N. Raises OpError."""
    if type.rank < 2:
        raise no_features(type)
    if given is None:
        return {4: 1, 5: 2}.get(type.rank, type.rank - 1)
    if given >= type.rank:
        raise OpError(
            "bad-argument",
            f"{type} has no dimension {given}",
            argument="axis",
            help=f"dimensions after N are 1 to {type.rank - 1}" if type.rank > 2 else "the dimension after N is 1",
        )
    return given


def no_features(type: TensorType) -> OpError:
    """The error for an input that has no dimension after N."""
    return OpError(
        "shape-mismatch",
        f"{type} has no dimension after N to work along",
        operand=0,
        help="feed it [N, features]; `reshape([1])` makes that of [N]",
    )


def channel_axis(type: TensorType) -> int:
    """The dimension of the channels: 2 for [N, T, channels, height, width], else 1. Raises OpError."""
    if type.rank < 2:
        raise OpError("shape-mismatch", f"{type} has no channels", operand=0, help="feed it [N, channels, …]")
    return 2 if type.rank == 5 else 1


def class_axis(prediction: TensorType) -> int:
    """The dimension of a prediction that holds the classes: 1 for images, else the last."""
    return 1 if prediction.rank >= 4 else prediction.rank - 1
