"""The ONNX nodes of one node, as its primitive writes them; plain data, which the exporter turns into a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...runtime.record import Record, fresh
from .dims import Dim, Poly
from .op import OpError
from .tensor import DType, TensorType


class Subgraph(Record):
    """The body of a node that runs others; these read names from outside, too."""

    inputs: tuple[tuple[str, TensorType], ...]
    outputs: tuple[tuple[str, TensorType], ...]
    nodes: tuple[tuple[str, OnnxNode], ...]


Attribute = int | float | str | Sequence[int] | Sequence[float] | Sequence[str] | Subgraph


class OnnxNode(Record):
    kind: str
    ins: tuple[str, ...]
    outs: tuple[str, ...]
    attributes: tuple[tuple[str, Attribute], ...]

    def reads(self) -> set[str]:
        """The names that it reads, its subgraphs' among them."""
        inner = [node for _, value in self.attributes if isinstance(value, Subgraph) for _, node in value.nodes]
        return set(self.ins).union(*(node.reads() for node in inner))


class Constant(Record):
    """Numbers that the model holds beside the parameters; `value` repeats one number, or lists all in C order."""

    name: str
    dtype: DType
    shape: tuple[int, ...]
    value: float | tuple[float, ...]


class OnnxCode(Record, frozen=False):
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
    nodes: list[OnnxNode] = fresh(factory=list)
    constants: list[Constant] = fresh(factory=list)

    @property
    def dtype(self) -> DType:
        """The element type of the first output."""
        return self.out_types[0].dtype

    def node(self, kind: str, *ins: str, **attributes: Attribute) -> str:
        """Add a node whose result is used by others of this primitive; returns its name."""
        out = f"{self.prefix}:{len(self.nodes)}"
        self.nodes.append(OnnxNode(kind, ins, (out,), tuple(attributes.items())))
        return out

    def add(self, kind: str, ins: tuple[str, ...], outs: tuple[str, ...], **attributes: Attribute) -> None:
        """Add a node with names for all that it makes; an empty one is left out."""
        self.nodes.append(OnnxNode(kind, ins, outs, tuple(attributes.items())))

    def last(self, kind: str, *ins: str, **attributes: Attribute) -> None:
        """Add the node that makes the primitive's output."""
        self.nodes.append(OnnxNode(kind, ins, self.outs[:1], tuple(attributes.items())))

    def several(self, kind: str, *ins: str, **attributes: Attribute) -> None:
        """Add the node that makes all of the primitive's outputs."""
        self.nodes.append(OnnxNode(kind, ins, self.outs, tuple(attributes.items())))

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

    def shape(self, shape: Sequence[Dim]) -> str:
        """A shape to reshape to; at most one symbolic size is left to be found, others are looked up."""
        if sum(isinstance(dim, Poly) for dim in shape) <= 1:
            return self.ints(*(-1 if isinstance(dim, Poly) else dim for dim in shape))
        return self.node("Concat", *(self.size(dim) for dim in shape), axis=0)

    def reshaped(self, name: str, shape: Sequence[Dim], *, last: bool = False) -> str:
        """A value in another shape."""
        target = self.shape(shape)
        if last:
            self.last("Reshape", name, target)
            return self.outs[0]
        return self.node("Reshape", name, target)

    def size(self, dim: Dim) -> str:
        """A size as a tensor [1]. Raises OpError where no input tells a symbol in it."""
        if not isinstance(dim, Poly):
            return self.ints(dim)
        total = ""
        for symbols, factor in dim.terms:
            first, *others = [*([self.ints(factor)] if factor != 1 or not symbols else []), *map(self.size_of, symbols)]
            for other in others:
                first = self.node("Mul", first, other)
            total = self.node("Add", total, first) if total else first
        return total

    def needs(self, opset: int, what: str) -> None:
        """Raises OpError when the opset is older than what is used."""
        if self.opset < opset:
            raise OpError(
                "not-exportable",
                f"{what} needs opset {opset}, the model is for {self.opset}",
                help=f"`--opset {opset}`",
            )
