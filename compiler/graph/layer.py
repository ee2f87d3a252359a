"""Layers: the open set of what a spec can name.

A layer is a record in a file of `compiler/layers` that bears its name. Its fields are its arguments in
positional order, those after `_: KW_ONLY` by name alone; a field's annotation says what it accepts (see `arguments`),
and a field without a default is required. It owns only its parameters and how it is built from primitives; sizes,
costs, gradients, NumPy and ONNX follow. Its docstring is its page in the reference.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import cache
from importlib import import_module
from typing import ClassVar

from ...runtime.record import Record
from ..reading import packaged
from .builder import Builder, OpenUse
from .graph import Value


class Layer(Record):
    """One use of a layer, with its arguments. `arity` is the least and the greatest number of inputs (None: any)."""

    arity: ClassVar[tuple[int, int | None]] = (1, 1)

    def check(self) -> None:
        """Check what the arguments alone decide. Raises OpError."""

    @abstractmethod
    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value | tuple[Value, ...]:
        """Add the primitives to the graph and return the result. Raises OpError."""


class Shared(Record):
    """A layer that `let` named, with its first use, for a layer that works with its weights."""

    layer: Layer
    first: OpenUse


@cache
def layer_names() -> tuple[str, ...]:
    """The names of all layers, sorted."""
    return tuple(name for name in packaged("compiler/layers", ".py") if name != "__init__")


def find_layer(name: str) -> type[Layer] | None:
    """The layer of that name; a name finds its file, so only the layers that a spec uses are imported."""
    return _load(name) if name in layer_names() else None


@cache
def _load(name: str) -> type[Layer]:
    module = import_module(f"..layers.{name}", __package__)
    (found,) = [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Layer) and item.__module__ == module.__name__
    ]
    return found
