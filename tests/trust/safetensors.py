"""Making files of weights by hand, with whatever is to be wrong about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .foreign import Array

Header = dict[str, Any]
SHAPES = {"fc1.weight": (4, 3), "fc1.bias": (4,), "fc2.weight": (2, 4), "fc2.bias": (2,)}


def arrays() -> dict[str, Array]:
    rng = np.random.default_rng(3)
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}


def described(tensors: Mapping[str, Array]) -> Header:
    """The header of a safetensors file of these tensors."""
    header: Header = {}
    place = 0
    for name, array in tensors.items():
        code = {"float32": "F32", "float64": "F64", "float16": "F16", "int64": "I64", "uint8": "U8"}[array.dtype.name]
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [place, place + array.nbytes]}
        place += array.nbytes
    return header


def packed(header: Header | bytes, data: bytes, size: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return (len(text) if size is None else size).to_bytes(8, "little") + text + data


def numbers(tensors: Mapping[str, Array]) -> bytes:
    return b"".join(array.tobytes() for array in tensors.values())


def weights(other: Mapping[str, Array] | None = None, change: Callable[[Header], object] = len) -> bytes:
    """The weights of the net, some of them others, with a changed header."""
    tensors = arrays() | dict(other or {})
    header = described(tensors)
    change(header)
    return packed(header, numbers(tensors))


def patch(name: str, **values: object) -> Callable[[Header], None]:
    def change(header: Header) -> None:
        header[name].update({key: value for key, value in values.items() if value is not None})
        for key in [key for key, value in values.items() if value is None]:
            del header[name][key]

    return change
