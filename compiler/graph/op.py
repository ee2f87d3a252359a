"""Primitives: the closed set of operations that own every rule.

A primitive is a frozen dataclass in a file of `compiler/ops`; its fields are its attributes. Operations know nothing of
source text: a rule that is broken raises OpError, and whoever builds the graph says where.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar, cast, dataclass_transform

from .field import Field, union
from .formula import NOTHING, Formula, named
from .tensor import TensorType

Types = tuple[TensorType, ...]


class OpError(Exception):
    """A rule of an operation or layer is broken.

    `code` is a diagnostic code, `operand` the number of the input at fault, `argument` the name of the argument at
    fault, `help` the way out.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        operand: int | None = None,
        argument: str | None = None,
        label: str = "",
        notes: Sequence[str] = (),
        help: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.operand = operand
        self.argument = argument
        self.label = label
        self.notes = tuple(notes)
        self.help = help


class Op(ABC):
    """The rules of one primitive; `operands` names its inputs in messages."""

    operands: ClassVar[tuple[str, ...]]

    @abstractmethod
    def infer(self, ins: Types) -> Types:
        """The types of the outputs. Raises OpError when the inputs do not fit."""

    @abstractmethod
    def flops(self, ins: Types, outs: Types) -> Formula:
        """The arithmetic operations of one evaluation at inference, additions and multiplications each counted once."""

    def macs(self, ins: Types, outs: Types) -> Formula:
        """The multiply-accumulates of convolutions and matrix products; none for everything else."""
        return NOTHING

    def sizes(self, ins: Types, outs: Types) -> tuple[tuple[str, Formula], ...]:
        """The output sizes that follow from a formula: ("height", (28 − 5 + 4) / 1 + 1), …"""
        return ()

    def padding(self) -> tuple[int, ...] | None:
        """The resolved padding (top, bottom, left, right) or (before, after), where the operation pads."""
        return None

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        """The receptive field of the output from those of the inputs that have one (parameters have none)."""
        return union(fields)


PRIMITIVES: dict[str, type[Op]] = {}
_T = TypeVar("_T", bound=type[Op])


@dataclass_transform(frozen_default=True)
def primitive(cls: _T) -> _T:
    """Make a class a primitive: a frozen, slotted dataclass, entered under its name."""
    made = dataclass(frozen=True, slots=True)(cls)
    if cls.__name__ in PRIMITIVES:
        raise TypeError(f"the primitive `{cls.__name__}` is declared twice")
    PRIMITIVES[cls.__name__] = made
    return cast(_T, made)


def elements(type: TensorType) -> Formula:
    """The number of elements of a tensor, as a formula."""
    return named("elements", type.elements)


def per_element(count: int, type: TensorType) -> Formula:
    """`count` operations for each element of a tensor."""
    return elements(type) if count == 1 else count * elements(type)
