"""The layer `normalize`."""

from __future__ import annotations

from ..graph.arguments import Factors
from ..graph.axes import channel_axis
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.images import want_float
from ..graph.layer import Layer
from ..graph.op import OpError
from ..ops.cast import ToFloat
from ..ops.channels import Normalize


class NormalizeLayer(Layer):
    """Fixed numbers subtracted and divided by: y = (x − mean) / std, as data sets are brought to mean 0 and variance 1.

    `mean` and `std` are a number for all channels, or a list with one for each. Bytes (u8) and whole numbers (i64)
    become floats here, so that a network can be fed images as cameras give them.

    Shapes: [N, channels, …], [N, T, channels, height, width] → the same.
    Parameters: none. MACs: none. FLOPs: 2 per element.
    Source: elementary.
    Example: `normalize(mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225])`
    """

    mean: Factors
    std: Factors

    def check(self) -> None:
        if any(value <= 0 for value in (self.std if isinstance(self.std, tuple) else (self.std,))):
            raise OpError(
                "bad-argument", "`std` of `normalize` must be above 0", argument="std", help="write a positive number"
            )

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        (x,) = ins
        if x.type.dtype in ("u8", "i64"):
            x = b(ToFloat(b.float_type), x)
        want_float(x.type)
        axis = channel_axis(x.type)
        for name, values in (("mean", self.mean), ("std", self.std)):
            if isinstance(values, tuple) and len(values) != x.type.shape[axis]:
                raise OpError(
                    "shape-mismatch",
                    f"`{name}` has {len(values)} numbers, {x.type} has {x.type.shape[axis]} channels",
                    argument=name,
                    help="give one number, or one for each channel",
                )
        return b(Normalize(axis, _all(self.mean), _all(self.std)), x)


def _all(values: Factors) -> tuple[float, ...]:
    return values if isinstance(values, tuple) else (values,)
