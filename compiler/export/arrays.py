"""The numbers of a model as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph.onnx_code import Constant
from ..graph.tensor import DType, TensorType

Array = NDArray[Any]

NUMPY: dict[DType, Any] = {"f32": np.float32, "f64": np.float64, "i64": np.int64, "u8": np.uint8, "bool": np.bool_}


def constant_array(constant: Constant) -> Array:
    """The numbers of a constant; one that is too large for its type is infinite, as it is in the NumPy program."""
    dtype, value = NUMPY[constant.dtype], constant.value
    with np.errstate(over="ignore"):
        if isinstance(value, tuple):
            return np.array(value, dtype).reshape(constant.shape)
        return np.full(constant.shape, value, dtype)


def stored(array: Array, type: TensorType) -> Array:
    """A parameter as a file holds it: in C order and in its own element type."""
    return np.ascontiguousarray(array, NUMPY[type.dtype])
