"""Primitives: the closed set of operations that own every rule.

A primitive is a record in a file of `compiler/ops`; its fields are its attributes. Operations know nothing of
source text: a rule that is broken raises OpError, and whoever builds the graph says where.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

from ...runtime.record import Record
from .field import Field, union
from .formula import NOTHING, Formula, named
from .tensor import TensorType

if TYPE_CHECKING:
    from .code import Code
    from .graph import Value
    from .make import Make
    from .onnx_code import OnnxCode

Types = tuple[TensorType, ...]
Values = tuple["Value", ...]
Gradients = tuple["Value | None", ...]


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


class Example(Record):
    """One case for the tests that every primitive passes: an operation with the types of its inputs.

    `ranges` has (low, high) for the numbers of an input, by default −2 to 2; for whole numbers `high` is left out.
    `apart` draws numbers that stay away from each other and from those in it, where a rule has a kink.
    """

    op: Op
    ins: Types
    ranges: tuple[tuple[float, float], ...] = ()
    apart: tuple[float, ...] | None = None


class Along(Record):
    """A dimension of the output whose parts follow from parts of the inputs: for each input the dimension that runs
    along it, from the end if negative, or None where every part reads all of the input."""

    ins: tuple[int | None, ...]
    out: int


# For examples of what takes any shape: every rank, odd sizes, sizes of 1 in every place.
SHAPES: tuple[tuple[int, ...], ...] = (
    *((7,), (1,), (3, 4), (1, 1), (5, 1), (1, 6), (4, 9)),
    *((2, 3, 5), (1, 1, 1), (3, 1, 4), (1, 5, 1), (2, 7, 3)),
    *((2, 3, 4, 5), (1, 1, 1, 1), (1, 3, 1, 1), (2, 1, 5, 3), (3, 2, 1, 7), (1, 4, 3, 3)),
    *((2, 2, 3, 2, 2), (1, 3, 1, 2, 1), (3, 1, 2, 1, 5)),
)


class Op(Record):
    """The rules of one primitive; `operands` names its inputs in messages.

    `inplace` are the inputs whose memory the first output may take, if it has their type and they are not read again;
    `takes` says it of any output.
    `elementwise`: each element of the output follows from the elements at its place in the inputs, which are spread
    where they have size 1. `random`: two runs on one input may differ.
    """

    operands: ClassVar[tuple[str, ...]]
    inplace: ClassVar[tuple[int, ...]] = ()
    elementwise: ClassVar[bool] = False
    random: ClassVar[bool] = False

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

    def note(self) -> str:
        """What an attribute means where the field disagrees, for who reads the figures; empty where it does not."""
        return ""

    def padding(self) -> tuple[int, ...] | None:
        """The resolved padding (top, bottom, left, right) or (before, after), where the operation pads."""
        return None

    def field(self, ins: Types, outs: Types, fields: Sequence[Field]) -> Field:
        """The receptive field of the output from those of the inputs that have one (parameters have none)."""
        return union(fields)

    def lower(self, b: Make, ins: Values) -> Values:
        """What runs at inference: by default the operation itself."""
        return b.keep(self, ins)

    def train(self, b: Make, ins: Values) -> Values:
        """What runs in training, where that is another operation: one that also keeps what its gradient needs."""
        return self.lower(b, ins)

    def simplify(self, b: Make, ins: Values) -> Values | None:
        """Values that are already there and equal the outputs, or the outputs of a simpler operation."""
        return None

    def gradient(self, b: Make, ins: Values, outs: Values, gys: Gradients) -> Gradients:
        """The gradient of the loss by each input, from those by the outputs; None where none flows."""
        raise NotImplementedError(f"{type(self).__name__} has no gradient")

    def again(self, ins: Values, outs: Values) -> tuple[Op, Values] | None:
        """What makes the first output once more, to the bit, from the inputs and the other outputs; None if nothing."""
        return None if self.random or len(outs) > 1 else (self, ins)

    def alias(self, ins: Types, outs: Types) -> bool:
        """Whether the output is the first input's memory, unchanged, under another shape."""
        return False

    def takes(self, output: int) -> tuple[int, ...]:
        """The inputs whose memory an output, by its number, may take."""
        return self.inplace if output == 0 else ()

    def over_steps(self) -> Literal["rows", "sum"] | None:
        """What comes of the rows of many steps, one step below the other, in one evaluation.

        "rows": the rows of each step's output; "sum": the sum of the outputs; None: something else.
        """
        return "rows" if self.elementwise else None

    def along(self) -> Along | None:
        """How the output can be computed part by part, each from a part of its weight; None where it cannot."""
        return None

    def numpy(self, code: Code) -> None:
        """Write the NumPy statements that compute the outputs."""
        raise NotImplementedError(f"{type(self).__name__} has no NumPy form")

    def onnx(self, code: OnnxCode) -> None:
        """Write the ONNX nodes that compute the outputs at inference. Raises OpError where the opset has none."""
        raise NotImplementedError(f"{type(self).__name__} has no ONNX form")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Cases for the tests: sizes of 1, odd sizes, every form of the attributes."""
        raise NotImplementedError(f"{cls.__name__} has no examples")


PRIMITIVES: dict[str, type[Op]] = {}
_T = TypeVar("_T", bound=type[Op])


def primitive(cls: _T) -> _T:
    """Enter a class as a primitive under its name."""
    if cls.__name__ in PRIMITIVES:
        raise TypeError(f"the primitive `{cls.__name__}` is declared twice")
    PRIMITIVES[cls.__name__] = cls
    return cls


def elements(type: TensorType) -> Formula:
    """The number of elements of a tensor, as a formula."""
    return named("elements", type.elements)


def per_element(count: int, type: TensorType) -> Formula:
    """`count` operations for each element of a tensor."""
    return elements(type) if count == 1 else count * elements(type)


def of_products(macs: Formula, ins: Types, outs: Types) -> Formula:
    """A multiplication and an addition for each multiply-accumulate, and one addition for each bias added, where there
    is a third input."""
    twice = 2 * named("MACs", macs.value)
    return twice + named("bias additions", outs[0].elements) if len(ins) == 3 else twice
