"""The NumPy statements of one node, as its primitive writes them.

Storage: a float value of rank 4, [N, channels, height, width], is stored channels-last, and the array that the
statements see is a view of that in the order of its dimensions. Every other value is stored in C order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from typing import ClassVar

from ...runtime.record import Record, fresh
from .dims import Dim, Poly, bound, product
from .tensor import ITEM_BYTES, DType, TensorType
from .tiers import Tier, kernel

# The bytes of a pass over memory that takes several times as long as a second thread needs to wake.
WAKING = 1 << 20
# The largest number that a float32 holds.
LARGEST = (2 - 2**-23) * 2.0**127
# A generated name, see `Names.new`.
NAME = re.compile(r"\b[a-z]+\d+\b")
NUMPY_TYPES: dict[DType, str] = {"f32": "float32", "f64": "float64", "i64": "int64", "u8": "uint8", "bool": "bool"}


def channels_last(type: TensorType) -> bool:
    """Whether values of this type are stored with their channels last."""
    return type.rank == 4 and type.dtype in ("f32", "f64")


def storage(type: TensorType) -> tuple[Dim, ...]:
    """The sizes of a value in the order in which it lies in memory."""
    n, *rest = type.shape if type.rank else (1,)
    return (n, rest[1], rest[2], rest[0]) if channels_last(type) else type.shape


def in_order(type: TensorType) -> bool:
    """Whether the elements lie in memory in the order of the dimensions."""
    return not channels_last(type) or type.shape[1] == 1 or type.shape[2] == type.shape[3] == 1


class Names:
    """What generated names and sizes are in the source: symbolic dimensions by name, and their planned numbers.

    With `lanes` there are two threads for large pieces of work; `HALVES` are the parts of the batch, as symbols of
    their own: the first is the larger where N is odd. `tier` chooses the kernels. Numbers once asked for are
    remembered, since deep networks repeat few sizes many times.
    """

    HALVES: ClassVar[tuple[str, str]] = ("N/1", "N/2")

    def __init__(self, symbols: Mapping[str, str], planned: Mapping[str, int], tier: Tier = "numpy") -> None:
        self.symbols, self.planned, self.tier = symbols, planned, tier
        self.lanes = False
        batch = planned.get("N", 0)
        self._spelled = {**symbols, **dict(zip(self.HALVES, ("n_1", "n_2"), strict=True))}
        self._numbers = {**planned, **dict(zip(self.HALVES, (-(-batch // 2), batch // 2), strict=True))}
        self._counts: dict[str, int] = {}
        self._bound: dict[Poly, int] = {}
        self._bytes: dict[TensorType, int] = {}

    def new(self, prefix: str) -> str:
        """A name that is not taken: the prefix and a number."""
        self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}{self._counts[prefix]}"

    def size(self, dim: Dim) -> str:
        """A size as an expression."""
        if not isinstance(dim, Poly):
            return str(dim)
        terms = []
        for monomial, coefficient in dim.terms:
            factors = [str(coefficient)] if coefficient != 1 or not monomial else []
            terms.append("*".join([*factors, *(self._spelled[name] for name in monomial)]))
        return terms[0] if len(terms) == 1 else f"({' + '.join(terms)})"

    def number(self, dim: Dim) -> int:
        """A size at the planned dimensions."""
        if isinstance(dim, int):
            return dim
        found = self._bound.get(dim)
        if found is None:
            found = self._bound[dim] = bound(dim, self._numbers)
        return found

    def bytes(self, type: TensorType) -> int:
        """The bytes of a value at the planned dimensions."""
        found = self._bytes.get(type)
        if found is None:
            found = self._bytes[type] = prod(map(self.number, type.shape)) * ITEM_BYTES[type.dtype]
        return found


class Code(Record, eq=False, frozen=False):
    """Collects what a primitive writes: `lines` run at each step, `views` are made once for each batch size.

    `ins` and `outs` are the names of the arrays, `types` and `out_types` their types. Scratch memory lasts for the node
    alone and holds anything when it starts. The inputs `spent`, by number, are read for the last time here and may be
    overwritten. With `lane` it is one of two codes for a half of the work each. Where `wide` is 1 or 2 there is memory
    for blocks that are larger, or as large as they pay. `functions` are those of NumPy that are called without `np.`.
    """

    ins: tuple[str, ...]
    outs: tuple[str, ...]
    types: tuple[TensorType, ...]
    out_types: tuple[TensorType, ...]
    names: Names
    lane: bool = False
    wide: int = 0
    spent: frozenset[int] = frozenset()
    lines: list[str] = fresh(factory=list)
    views: list[tuple[str, str]] = fresh(factory=list)
    scratches: list[tuple[str, TensorType]] = fresh(factory=list)
    kernels: set[str] = fresh(factory=set)
    functions: set[str] = fresh(factory=set)
    _after: list[str] = fresh(factory=list)

    def blank(self) -> Code:
        """The code of the same operation before anything is written."""
        return Code(self.ins, self.outs, self.types, self.out_types, self.names, self.lane, self.wide, self.spent)

    def __call__(self, line: str) -> None:
        """Write one statement."""
        self.lines.append(line)

    def call(self, function: str, /, *arguments: object, **keywords: object) -> None:
        """Write a call of a kernel, `module.function` in `runtime/kernels`, or of its form in the tier; None and
        numbers are written as such."""
        self(self._called(function, arguments, keywords))

    def bind(self, function: str, /, *arguments: object, **keywords: object) -> None:
        """Write a call of what a kernel returns, which makes its views when it is called itself, once for each batch
        size. Compiled forms make none and are called as they are."""
        if kernel(function, self.names.tier) != function:
            self.call(function, *arguments, **keywords)
            return
        name = self.names.new("k")
        self.views.append((name, self._called(function, arguments, keywords)))
        self(f"{name}()")

    def _called(self, function: str, arguments: tuple[object, ...], keywords: Mapping[str, object]) -> str:
        self.kernels.add(kernel(function, self.names.tier))
        items = [str(a) for a in arguments] + [f"{name}={value}" for name, value in keywords.items()]
        return f"{function.rpartition('.')[2]}({', '.join(items)})"

    def run(self) -> str:
        """The function that runs the two halves of the work on the first input: at once where that pays."""
        large = self.names.lanes and self.names.bytes(self.types[0]) >= WAKING
        name = "together" if large else "in_turn"
        self.kernels.add(f"lanes.{name}")
        return name

    def view(self, expression: str) -> str:
        """The name of a view that is made once; an expression of names and other views."""
        name = self.names.new("w")
        self.views.append((name, expression))
        return name

    def number_array(self, value: float) -> str:
        """A number in the first output's element type, made once: a number in a statement is made an array each time,
        which takes half as long as the work on a step of a cell. A compiled loop holds it as it is."""
        text, dtype = repr(float(value)), self.out_types[0].dtype
        if self.fast:
            return text
        if dtype == "f32" and abs(value) > LARGEST:
            # Rounded by NumPy it would be as infinite, and a warning.
            text = "math.inf" if value > 0 else "-math.inf"
        return self.view(f"np.array({text}, np.{NUMPY_TYPES[dtype]})")

    def scratch(self, *shape: Dim, dtype: DType | None = None) -> str:
        """The name of an array in C order for the node's own use, of the first output's element type unless given."""
        name = self.names.new("s")
        self.scratches.append((name, TensorType(dtype or self.out_types[0].dtype, shape)))
        return name

    def like_scratch(self, dtype: DType | None = None) -> str:
        """Scratch memory of the first output's shape, stored as it is."""
        type = self.out_types[0]
        array = self.scratch(*storage(type), dtype=dtype)
        return self.view(f"{array}.transpose(0, 3, 1, 2)") if channels_last(type) else array

    def stored(self, name: str, type: TensorType) -> str:
        """An array with its dimensions in the order in which they are stored."""
        return self.view(f"{name}.transpose(0, 2, 3, 1)") if channels_last(type) else name

    def ordered(self, operand: int) -> str:
        """An input with its elements in the order of its dimensions; copied to scratch memory if they are not."""
        name, type = self.ins[operand], self.types[operand]
        if in_order(type):
            return name
        flat = self.scratch(*type.shape, dtype=type.dtype)
        self(f"np.copyto({flat}, {name})")
        return flat

    def ordered_out(self) -> str:
        """The first output, to be written in the order of its dimensions."""
        name, type = self.outs[0], self.out_types[0]
        if in_order(type):
            return name
        flat = self.scratch(*type.shape, dtype=type.dtype)
        self._after.append(f"np.copyto({name}, {flat})")
        return flat

    def matrix(self, name: str, type: TensorType) -> str:
        """An array as the matrix of its rows: all dimensions but the one that is stored last run over the rows."""
        stored = storage(type)
        ordered = self.stored(name, type)
        return self.view(f"{ordered}.reshape({self.size(product(stored[:-1]))}, {self.size(stored[-1])})")

    def channels(self, operand: int, axis: int) -> str:
        """An input as [rows, width, channels] in C order, its channels being in dimension `axis`.

        It is copied to scratch memory unless they are stored last.
        """
        type = self.types[operand]
        if axis == (1 if channels_last(type) else type.rank - 1):
            return self._by_channels(self.stored(self.ins[operand], type), storage(type))
        flat, moved = self._moved(type, self.ins[operand], axis)
        self(f"np.copyto({flat}, {moved})")
        return self._by_channels(flat, (*type.shape[:axis], *type.shape[axis + 1 :], type.shape[axis]))

    def channels_out(self, axis: int) -> str:
        """The first output to be written as [rows, width, channels], see `channels`."""
        type, name = self.out_types[0], self.outs[0]
        if axis == (1 if channels_last(type) else type.rank - 1):
            return self._by_channels(self.stored(name, type), storage(type))
        flat, moved = self._moved(type, name, axis)
        self._after.append(f"np.copyto({moved}, {flat})")
        return self._by_channels(flat, (*type.shape[:axis], *type.shape[axis + 1 :], type.shape[axis]))

    def _moved(self, type: TensorType, name: str, axis: int) -> tuple[str, str]:
        others = [place for place in range(type.rank) if place != axis]
        flat = self.scratch(*(type.shape[place] for place in others), type.shape[axis], dtype=type.dtype)
        return flat, self.view(f"{name}.transpose({', '.join(map(str, [*others, axis]))})")

    def _by_channels(self, name: str, sizes: tuple[Dim, ...]) -> str:
        width: Dim = sizes[-2] if len(sizes) > 2 else 1
        rows = product(sizes[:-2]) if len(sizes) > 2 else sizes[0]
        return self.view(f"{name}.reshape({self.size(rows)}, {self.size(width)}, {self.size(sizes[-1])})")

    def size(self, dim: Dim) -> str:
        """A size as an expression."""
        return self.names.size(dim)

    def number(self, dim: Dim) -> int:
        """A size at the planned dimensions, to choose blocks by."""
        return self.names.number(dim)

    @property
    def fast(self) -> bool:
        """Whether kernels may be compiled ones."""
        return self.names.tier == "fast"

    def image(self, operand: int) -> str:
        """An input [N, channels, …spatial] with two spatial dimensions, stored channels-last.

        With one spatial dimension it is copied to scratch memory as [N, channels, 1, length].
        """
        name, type = self.ins[operand], self.types[operand]
        if type.rank == 4:
            return name
        image = self._lifted(type)
        self(f"np.copyto({image}, {self.view(f'{name}[:, :, None, :]')})")
        return image

    def stored_image(self, name: str) -> str:
        """An image, or the weight of a convolution, with its dimensions in the order in which they are stored."""
        return self.view(f"{name}.transpose(0, 2, 3, 1)")

    def image_out(self, place: int = 0) -> str:
        """An output to be written as an image, see `image`; `done` copies it to where it belongs."""
        name, type = self.outs[place], self.out_types[place]
        if type.rank == 4:
            return name
        image = self._lifted(type)
        self._after.append(f"np.copyto({self.view(f'{name}[:, :, None, :]')}, {image})")
        return image

    def _lifted(self, type: TensorType) -> str:
        n, channels, length = type.shape
        flat = self.scratch(n, 1, length, channels, dtype=type.dtype)
        return self.view(f"{flat}.transpose(0, 3, 1, 2)")

    def done(self) -> None:
        """Called once the primitive has written its statements."""
        self.lines += self._after
        self._after.clear()
