"""What is known of a tensor before anything runs: its element type and its shape."""

from __future__ import annotations

from typing import Literal, NamedTuple

from .dims import Dim, Shape, product, show_shape

DType = Literal["f32", "f64", "i64", "u8", "bool"]
Float = Literal["f32", "f64"]
# The float types by NumPy's names, as `--dtype` has them.
FLOAT_TYPES: dict[str, Float] = {"float32": "f32", "float64": "f64"}
ITEM_BYTES: dict[DType, int] = {"f32": 4, "f64": 8, "i64": 8, "u8": 1, "bool": 1}


class TensorType(NamedTuple):
    """A tuple, since it is compared and looked up more often than all else: that takes no function of Python."""

    dtype: DType
    shape: Shape

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def elements(self) -> Dim:
        return product(self.shape)

    @property
    def bytes(self) -> Dim:
        return product((*self.shape, ITEM_BYTES[self.dtype]))

    def with_shape(self, *shape: Dim) -> TensorType:
        """The same element type in another shape."""
        return TensorType(self.dtype, shape)

    def __str__(self) -> str:
        return self.dtype + show_shape(self.shape)


# The spatial dimensions by rank: [N, channels, length], [N, channels, height, width], [N, T, channels, height, width].
SPATIAL: dict[int, tuple[int, ...]] = {3: (2,), 4: (2, 3), 5: (3, 4)}
