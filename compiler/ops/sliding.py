"""What primitives that slide windows over an image have in common."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph.field import Field, through
from ..graph.formula import Formula, named
from ..graph.op import Op, Types
from ..graph.tensor import TensorType
from ..graph.window import AXIS_NAMES, Sizes, Window, output_sizes, padding_sizes, sides


class Sliding(Op):
    """Reads x [N, channels, …] through `windows`, one for each spatial dimension."""

    windows: tuple[Window, ...]

    def outputs(self, x: TensorType) -> Sizes:
        """The output size on each axis. Raises OpError."""
        return output_sizes(self.windows, x.shape[2:])

    def sizes(self, ins: Types, outs: Types) -> Sizes:
        return (*padding_sizes(self.windows, ins[0].shape[2:]), *self.outputs(ins[0]))

    def padding(self) -> tuple[int, ...]:
        return sides(self.windows)

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        return through(fields[0], [window.reading() for window in self.windows])

    def kernel(self) -> tuple[Formula, ...]:
        """The kernel's size on each axis."""
        names = AXIS_NAMES[len(self.windows)]
        return tuple(named(f"kernel {name}", w.kernel) for name, w in zip(names, self.windows, strict=True))


def positions(which: str, type: TensorType) -> tuple[Formula, ...]:
    """The factors of the number of positions of a batch of images, one per spatial dimension and the batch."""
    names = AXIS_NAMES[type.rank - 2]
    factors = (named(f"{which} {name}", size) for name, size in zip(names, type.shape[2:], strict=True))
    return (*factors, named("batch", type.shape[0]))
