"""The ONNX nodes of one node, as its primitive writes them; plain data, which the exporter turns into a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .dims import Dim, Poly
from .op import OpError
from .tensor import DType, TensorType

Attribute = int | float | str | Sequence[int] | Sequence[float]


@dataclass(frozen=True, slots=True)
class OnnxNode:
    kind: str
    ins: tuple[str, ...]
    outs: tuple[str, ...]
    attributes: tuple[tuple[str, Attribute], ...]


@dataclass(frozen=True, slots=True)
class Constant:
    """Numbers that the model holds beside the parameters; `value` repeats one number, or lists all in C order."""

    name: str
    dtype: DType
    shape: tuple[int, ...]
    value: float | tuple[float, ...]


@dataclass(slots=True)
class OnnxCode:
    """Collects nodes and constants. `ins` and `outs` are names, `types` and `out_types` their types.

    `prefix` starts the names of what is made in between, `size_of` gives the name of a tensor that holds a symbolic
    dimension's size at run time.
    """

    ins: tuple[str, ...]
    outs: tuple[str, ...]
    types: tuple[TensorType, ...]
    out_types: tuple[TensorType, ...]
    opset: int
    prefix: str
    size_of: Callable[[str], str]
    nodes: list[OnnxNode] = field(default_factory=list)
    constants: list[Constant] = field(default_factory=list)

    @property
    def dtype(self) -> DType:
        """The element type of the first output."""
        return self.out_types[0].dtype

    def node(self, kind: str, *ins: str, **attributes: Attribute) -> str:
        """Add a node whose result is used by others of this primitive; returns its name."""
        out = f"{self.prefix}:{len(self.nodes)}"
        self.nodes.append(OnnxNode(kind, ins, (out,), tuple(attributes.items())))
        return out

    def last(self, kind: str, *ins: str, **attributes: Attribute) -> None:
        """Add the node that makes the primitive's output."""
        self.nodes.append(OnnxNode(kind, ins, self.outs[:1], tuple(attributes.items())))

    def constant(self, dtype: DType, shape: tuple[int, ...], value: float | tuple[float, ...]) -> str:
        """The name of a constant."""
        name = f"{self.prefix}:c{len(self.constants)}"
        self.constants.append(Constant(name, dtype, shape, value))
        return name

    def scalar(self, value: float) -> str:
        """A number in the output's element type."""
        return self.constant(self.dtype, (), float(value))

    def ints(self, *values: int) -> str:
        """Whole numbers in one row, as shapes and axes are given."""
        return self.constant("i64", (len(values),), tuple(values))

    def reshaped(self, name: str, shape: Sequence[Dim], *, last: bool = False) -> str:
        """A value in another shape; at most one size of a shape of numbers may be symbolic, others are looked up."""
        symbolic = [dim for dim in shape if isinstance(dim, Poly)]
        if len(symbolic) <= 1:
            target = self.ints(*(-1 if isinstance(dim, Poly) else dim for dim in shape))
        else:
            target = self.node("Concat", *(self.size(dim) for dim in shape), axis=0)
        if last:
            self.last("Reshape", name, target)
            return self.outs[0]
        return self.node("Reshape", name, target)

    def size(self, dim: Dim) -> str:
        """A size as a tensor [1]. Raises OpError when it is not a number, a symbol or a product of these."""
        if not isinstance(dim, Poly):
            return self.ints(dim)
        if len(dim.terms) != 1:
            raise OpError("not-exportable", f"the size {dim} cannot be written in ONNX", help="bind it with `--dim`")
        ((symbols, factor),) = dim.terms
        found = self.ints(factor)
        for symbol in symbols:
            found = self.node("Mul", found, self.size_of(symbol))
        return found

    def needs(self, opset: int, what: str) -> None:
        """Raises OpError when the opset is older than what is used."""
        if self.opset < opset:
            raise OpError(
                "not-exportable",
                f"{what} needs opset {opset}, the model is for {self.opset}",
                help=f"`--opset {opset}`",
            )
