"""Which dimension a layer works along."""

from __future__ import annotations

from .op import OpError
from .tensor import TensorType


def pick_axis(given: int | None, type: TensorType) -> int:
    """The axis given, or the default: 1 for rank 4, 2 for rank 5, else the last. Raises OpError."""
    if given is None:
        return {4: 1, 5: 2}.get(type.rank, type.rank - 1)
    if given >= type.rank:
        raise OpError(
            "bad-argument",
            f"{type} has no dimension {given}",
            argument="axis",
            help=f"dimensions after N are 1 to {type.rank - 1}",
        )
    return given


def channel_axis(type: TensorType) -> int:
    """The dimension of the channels: 2 for [N, T, channels, height, width], else 1. Raises OpError."""
    if type.rank < 2:
        raise OpError("shape-mismatch", f"{type} has no channels", operand=0, help="feed it [N, channels, …]")
    return 2 if type.rank == 5 else 1
