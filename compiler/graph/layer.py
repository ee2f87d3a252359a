"""Layers: the open set of what a spec can name.

A layer is a frozen dataclass in a file of `compiler/layers` that bears its name. Its fields are its arguments in
positional order, those after `_: KW_ONLY` by name alone; a field's annotation says what it accepts (see `arguments`),
and a field without a default is required. It owns only its parameters and how it is built from primitives; sizes,
costs, gradients, NumPy and ONNX follow. Its docstring is its page in the reference.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import ClassVar, TypeVar, cast, dataclass_transform

from .builder import Builder, OpenUse
from .graph import Value


class Layer(ABC):
    """One use of a layer, with its arguments. `arity` is the least and the greatest number of inputs (None: any)."""

    arity: ClassVar[tuple[int, int | None]] = (1, 1)

    def check(self) -> None:  # noqa: B027 - most layers have nothing to check
        """Check what the arguments alone decide. Raises OpError."""

    @abstractmethod
    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value | tuple[Value, ...]:
        """Add the primitives to the graph and return the result. Raises OpError."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A layer that `let` named, with its first use, for a layer that works with its weights."""

    layer: Layer
    first: OpenUse


_T = TypeVar("_T", bound=type[Layer])


@dataclass_transform(frozen_default=True)
def layer(cls: _T) -> _T:
    """Make a class a layer: a frozen, slotted dataclass."""
    return cast(_T, dataclass(frozen=True, slots=True)(cls))


@cache
def layer_names() -> tuple[str, ...]:
    """The names of all layers, sorted."""
    from .. import layers

    return tuple(sorted(module.name for module in iter_modules(layers.__path__)))


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
