"""Building a graph node by node: types are inferred and limits checked as it grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NoReturn

from ...runtime.record import Record, fresh
from ..limits import Limits
from ..source import Span
from .dims import TERMS, Dim, Poly, Shape, product_terms
from .graph import Graph, Node, Parameter, Port, Use, Value
from .initial import Initial
from .op import Op, OpError, Types
from .tensor import DType, Float, TensorType


class OpenUse(Record, eq=False, frozen=False):
    """A layer use while the graph is being built. `made` are the parameters that it made or, shared, uses again;
    `part_of` is the index of the use of a cell whose body it stands in."""

    kind: str
    span: Span
    chain: tuple[Span, ...]
    ins: tuple[Value, ...]
    outs: tuple[Value, ...] = ()
    made: dict[str, OpenParameter] = fresh(factory=dict)
    shares: OpenUse | None = None
    part_of: int | None = None


class OpenParameter(Record, eq=False, frozen=False):
    value: Value
    axes: tuple[str, ...]
    trainable: bool
    initial: Initial
    fan: tuple[int, int]
    use: int
    parts: tuple[tuple[str, OpenParameter], ...] = ()


class Builder:
    """Makes values, nodes and parameters for the layer use that is open.

    Calling it with a primitive and its inputs adds a node and returns its output.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.float_type: Float = "f32"
        self.uses: list[OpenUse] = []
        # The index of the use that is open, and of the use of a cell whose body is being built.
        self.current = -1
        self._cell: int | None = None
        self._nodes: list[Node] = []
        self._parameters: list[tuple[str, OpenParameter]] = []
        # Equal types are one object, and so are equal operations on the same types.
        self._types: dict[tuple[DType, Shape], TensorType] = {}
        self._made: dict[tuple[Op, tuple[int, ...]], tuple[Op, Types, Types]] = {}
        self._numbers = 0
        self._wires = 0

    def value(self, type: TensorType) -> Value:
        """A new value with no node: an input, target or parameter."""
        self._numbers += 1
        return Value(type, self._numbers)

    def open(self, use: OpenUse) -> None:
        """What is built from now on belongs to this layer use."""
        use.part_of = self._cell
        self.current = len(self.uses)
        self.uses.append(use)

    @contextmanager
    def step(self) -> Iterator[list[Node]]:
        """What is built inside is collected by itself: one step of the cell whose use is open."""
        use, cell, nodes = self.current, self._cell, self._nodes
        self._cell, self._nodes = use, []
        try:
            yield self._nodes
        finally:
            self.current, self._cell, self._nodes = use, cell, nodes

    def all(self, op: Op, *ins: Value) -> tuple[Value, ...]:
        """Add a node and return all of its outputs."""
        types = tuple([value.type for value in ins])
        key = (op, tuple(map(id, types)))
        made = self._made.get(key)
        if made is None:
            outs = tuple([self._type(type.dtype, type.shape) for type in op.infer(types)])
            made = self._made[key] = (op, types, outs)
        op, _, outs = made
        self._wires += len(ins) + len(outs)
        if self._wires > self.limits.values:
            self._over("values", "the number of tensors that operations read and make")
        values = tuple([self.value(type) for type in outs])
        self._nodes.append(Node(op, ins, values, self.current))
        return values

    def __call__(self, op: Op, *ins: Value) -> Value:
        return self.all(op, *ins)[0]

    def param(self, name: str, axes: Mapping[str, Dim], initial: Initial, fan: tuple[int, int] = (1, 1)) -> Value:
        """The trained parameter `name` of this layer use, in the network's float type; `axes` names its dimensions."""
        return self._parameter(name, axes, initial, fan, trainable=True)

    def buffer(self, name: str, axes: Mapping[str, Dim], initial: Initial) -> Value:
        """Like `param`, for numbers that are kept but not trained."""
        return self._parameter(name, axes, initial, (1, 1), trainable=False)

    def _parameter(
        self, name: str, axes: Mapping[str, Dim], initial: Initial, fan: tuple[int, int], *, trainable: bool
    ) -> Value:
        use = self.uses[self.current]
        shape = tuple(axes.values())
        for axis, size in axes.items():
            if isinstance(size, Poly):
                raise OpError(
                    "unbound-dimension",
                    f"the number of {axis} of a weight cannot be symbolic, here {size}",
                    help=f"give {size.symbols[0]} a number with `--dim {size.symbols[0]}=…`, or write it in the input",
                )
        if use.shares is not None:
            return self._shared(use.shares, name, TensorType(self.float_type, shape))
        value = self.value(self._type(self.float_type, shape))
        made = OpenParameter(value, tuple(axes), trainable, initial, fan, self.current)
        use.made[name] = made
        self._parameters.append((name, made))
        return value

    @property
    def parameter_count(self) -> int:
        """How many parameters there are by now."""
        return len(self._parameters)

    def pack(self, first: int, packs: Mapping[str, Sequence[int]], cut: Callable[[tuple[int, ...]], Op]) -> None:
        """Make parameters of the open use, each of several that stand from number `first` on: one below the other.

        `packs` are their numbers, from `first`, by the new name; `cut` makes the operation that gives the parts of
        these extents. What is in no pack stays as it is.
        """
        made = self._parameters[first:]
        packed = [(name, self._packed([made[number] for number in numbers], cut)) for name, numbers in packs.items()]
        taken = {number for numbers in packs.values() for number in numbers}
        rest = [parameter for number, parameter in enumerate(made) if number not in taken]
        self.uses[self.current].made.update(packed)
        self._parameters[first:] = [*packed, *rest]

    def _packed(self, parts: list[tuple[str, OpenParameter]], cut: Callable[[tuple[int, ...]], Op]) -> OpenParameter:
        values = tuple([part.value for _, part in parts])
        one = parts[0][1]
        value = one.value
        if len(values) > 1:
            extents = tuple([size for v in values if isinstance(size := v.type.shape[0], int)])
            value = self.value(one.value.type.with_shape(sum(extents), *one.value.type.shape[1:]))
            self.check(value.type)
            self._nodes.append(Node(cut(extents), (value,), values, self.current))
        return OpenParameter(value, one.axes, one.trainable, one.initial, one.fan, self.current, tuple(parts))

    def _shared(self, first: OpenUse, name: str, type: TensorType) -> Value:
        shared = first.made.get(name)
        if shared is None or shared.value.type != type:
            had = f"has {shared.value.type}" if shared else "has none"
            raise OpError(
                "shape-mismatch",
                f"the shared `{name}` would be {type} here, but the first use {had}",
                operand=0,
                help="uses that share weights need inputs of one size; write a layer of its own here",
            )
        self.uses[self.current].made[name] = shared
        return shared.value

    def _type(self, dtype: DType, shape: Shape) -> TensorType:
        """The type of a tensor, checked when it is made. Raises OpError."""
        type = self._types.get((dtype, shape))
        if type is None:
            type = TensorType(dtype, shape)
            self.check(type)
            self._types[dtype, shape] = type
        return type

    def check(self, type: TensorType) -> None:
        """Check that a tensor is within the limits. Raises OpError."""
        elements, symbolic = 1, []
        for dim in type.shape:
            if isinstance(dim, Poly):
                symbolic.append(dim)
                continue
            if dim > self.limits.dim:
                self._over("dim", f"a dimension of {dim:,}")
            elements *= dim
        if elements > self.limits.elements:
            self._over("elements", f"a tensor of {elements:,} elements")
        if product_terms(symbolic) > TERMS:
            raise OpError(
                "limit", f"the number of elements has more than {TERMS:,} terms", help="take fewer symbolic sizes"
            )
        if type.rank > self.limits.rank:
            self._over("rank", f"a tensor of rank {type.rank}")

    def _over(self, limit: str, what: str) -> NoReturn:
        raise OpError(
            "limit",
            f"{what} is over the limit of {getattr(self.limits, limit):,}",
            help=f"make it smaller; the limit `{limit}` can be raised with `--limit {limit}=…`",
        )

    def finish(
        self,
        inputs: tuple[Port, ...],
        targets: tuple[Port, ...],
        outputs: tuple[Port, ...],
        names: list[str],
        scopes: Mapping[str, str] | None = None,
    ) -> Graph:
        """The graph, with a name for each layer use, and the kind of each scope in these names."""
        places = {id(use): place for place, use in enumerate(self.uses)}
        uses = tuple(
            Use(
                name,
                use.kind,
                use.span,
                use.chain,
                use.ins,
                use.outs,
                names[places[id(use.shares)]] if use.shares is not None and use.made else None,
                use.part_of,
            )
            for name, use in zip(names, self.uses, strict=True)
        )

        def closed(name: str, p: OpenParameter) -> Parameter:
            dotted = f"{names[p.use]}.{name}" if name else names[p.use]
            parts = tuple([closed(*part) for part in p.parts])
            return Parameter(dotted, p.value, p.axes, p.trainable, p.initial, p.fan, p.use, parts)

        parameters = tuple([closed(name, p) for name, p in self._parameters])
        return Graph(inputs, targets, parameters, tuple(self._nodes), outputs, uses, scopes or {})
