"""The figures of a graph: what every layer use holds, computes and puts out, and their sums.

All are exact, and symbolic where a dimension is; `at` puts numbers in.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial

from ...runtime.record import Record, replace
from ..graph.dims import Dim, Poly, Shape, bind, bound, show_shape, total
from ..graph.field import START, Field
from ..graph.graph import Graph, Node, Parameter, Use, Value
from ..graph.tensor import ITEM_BYTES, SPATIAL
from ..recurrence.scan import Scan

# The dimensions that are 1 unless they are bound.
FREE = {"N": 1, "T": 1}


class TooSmall(Exception):
    """At the dimensions that were put in, the result of `use` would have a size below 1, for want of a larger
    `symbol`."""

    def __init__(self, use: Use, shape: Shape, size: Poly, dims: Mapping[str, int]) -> None:
        at = ", ".join(f"{name} = {dims[name]:,}" for name in size.symbols)
        super().__init__(f"at {at} the result {show_shape(shape)} of `{use.name}` has no positions")
        self.use = use
        self.symbol = size.symbols[0]


class Row(Record, eq=False):
    """One layer use. `needed` is false when no output needs it, only the loss: it takes no part in a forward pass to
    the outputs, so it computes nothing. `field` is the receptive field of its result. `parts` are the uses in the
    equations of a cell, with their figures over all `steps`; the cell's own figures have them in."""

    use: Use
    nodes: tuple[Node, ...]
    parameters: tuple[Parameter, ...]
    needed: bool
    padding: tuple[int, ...] | None
    params: int
    buffers: int
    macs: Dim
    flops: Dim
    activation_bytes: Dim
    field: tuple[int, ...] | None
    parts: tuple[Row, ...] = ()
    steps: Dim = 1

    @property
    def output(self) -> Shape:
        return self.use.outs[0].type.shape if self.use.outs else ()


class Totals(Record):
    """The sums over all rows; `parameter_bytes` and `buffer_bytes` are what the numbers take."""

    params: int
    buffers: int
    macs: Dim
    flops: Dim
    parameter_bytes: int
    buffer_bytes: int


class Analysis(Record, eq=False):
    """The rows and their sums; `sizes` holds every symbolic size of a result, with the first use that has it."""

    rows: tuple[Row, ...]
    totals: Totals
    sizes: Mapping[Poly, tuple[Use, Shape]]

    def at(self, dims: Mapping[str, int]) -> Totals:
        """The sums with the dimensions put in; N and T are 1 unless given. Raises Unbound, TooSmall."""
        values = FREE | dict(dims)
        self.check(values)
        return replace(self.totals, macs=bound(self.totals.macs, values), flops=bound(self.totals.flops, values))

    def check(self, dims: Mapping[str, int]) -> None:
        """Check that every size that these dimensions decide is at least 1. Raises TooSmall."""
        for size, (use, shape) in self.sizes.items():
            number = bind(size, dims)
            if isinstance(number, int) and number < 1:
                raise TooSmall(use, shape, size, dims)

    def least(self, dims: Mapping[str, int]) -> dict[str, int]:
        """The smallest number of each dimension at which every size is at least 1, for those where that is above 1.

        The others are as given. Raises TooSmall when these are too small themselves.
        """
        self.check(dims)
        found = {}
        for symbol, most in dims.items():
            # Sizes grow with what they are made of: the first number that fits is between one that does and the rest.
            number = bisect_left(range(1, most), True, key=partial(self._fits, dims, symbol))
            if number > 0:
                found[symbol] = number + 1
        return found

    def _fits(self, dims: Mapping[str, int], symbol: str, number: int) -> bool:
        try:
            self.check({**dims, symbol: number})
        except TooSmall:
            return False
        return True


@lru_cache(maxsize=4)
def analyse(graph: Graph) -> Analysis:
    """The figures of a graph."""
    needed = needed_nodes(graph)
    nodes: list[list[Node]] = [[] for _ in graph.uses]
    macs: list[Dim] = [0] * len(graph.uses)
    flops: list[Dim] = [0] * len(graph.uses)
    steps: list[Dim] = [1] * len(graph.uses)
    live: set[int] = set()
    costs: dict[tuple[int, ...], tuple[Dim, Dim]] = {}
    for node, times, wanted in _all_nodes(graph, needed):
        nodes[node.use].append(node)
        steps[node.use] = times
        if wanted:
            live.add(node.use)
            mac, flop = _cost(node, costs)
            macs[node.use] = times * mac + macs[node.use]
            flops[node.use] = times * flop + flops[node.use]
    parameters, numbers = _parameters(graph)
    fields = _fields(graph)
    sizes: dict[int, Dim] = {}
    rows: list[Row | None] = [None] * len(graph.uses)
    parts: list[list[Row]] = [[] for _ in graph.uses]
    # The uses in a cell come after the cell's own.
    for i, use in reversed(list(enumerate(graph.uses))):
        row = Row(
            use,
            tuple(nodes[i]),
            tuple(parameters[i]),
            i in live or not nodes[i],
            _padding(nodes[i]),
            numbers[i][True],
            numbers[i][False],
            macs[i],
            flops[i],
            _bytes(made_by(use, nodes[i]), sizes),
            _sizes(fields.get(use.outs[0]) if use.outs else None),
            tuple(reversed(parts[i])),
            steps[i],
        )
        if use.part_of is None:
            rows[i] = row
        else:
            parts[use.part_of].append(row)
    shown = tuple(row for row in rows if row is not None)
    return Analysis(shown, _totals(graph, shown), _symbolic_sizes(graph))


def _all_nodes(graph: Graph, needed: Sequence[bool]) -> Iterator[tuple[Node, Dim, bool]]:
    """Every node, also of the steps of cells, with how often it runs and whether an output needs it."""
    stack: list[tuple[Node, Dim, bool]] = []
    stack += [(node, 1, wanted) for node, wanted in zip(reversed(graph.nodes), reversed(needed), strict=True)]
    while stack:
        node, times, wanted = stack.pop()
        yield node, times, wanted
        if isinstance(node.op, Scan):
            stack += [(inner, times * node.op.steps, wanted) for inner in reversed(node.op.body.nodes)]


def needed_nodes(graph: Graph) -> list[bool]:
    """For each node, whether an output of the graph needs it."""
    wanted = {port.value for port in graph.outputs}
    needed = [False] * len(graph.nodes)
    for place in range(len(graph.nodes) - 1, -1, -1):
        node = graph.nodes[place]
        if not wanted.isdisjoint(node.outs):
            needed[place] = True
            wanted.update(node.ins)
    return needed


def _cost(node: Node, known: dict[tuple[int, ...], tuple[Dim, Dim]]) -> tuple[Dim, Dim]:
    """The multiply-accumulates and operations of a node. `known` goes by objects, which the graph keeps: the builder
    makes nearly all that are equal one."""
    ins = tuple([value.type for value in node.ins])
    key = (id(node.op), *map(id, ins))
    found = known.get(key)
    if found is None:
        outs = tuple([value.type for value in node.outs])
        found = known[key] = (node.op.macs(ins, outs).value, node.op.flops(ins, outs).value)
    return found


def _padding(nodes: list[Node]) -> tuple[int, ...] | None:
    for node in nodes:
        padding = node.op.padding()
        if padding is not None:
            return padding
    return None


def _parameters(graph: Graph) -> tuple[list[list[Parameter]], list[list[int]]]:
    """The parameters that each use holds, and how many numbers of buffers and of what is trained these have."""
    parameters: list[list[Parameter]] = [[] for _ in graph.uses]
    numbers = [[0, 0] for _ in graph.uses]

    def hold(use: int, parameter: Parameter) -> None:
        parameters[use].append(parameter)
        numbers[use][parameter.trainable] += size_of(parameter)

    for parameter in graph.parameters:
        for part in parameter.parts:
            hold(part.use, part)
        owner: int | None = parameter.use
        while owner is not None:
            hold(owner, parameter)
            owner = graph.uses[owner].part_of
    return parameters, numbers


def size_of(parameter: Parameter) -> int:
    """The number of numbers that a parameter holds."""
    return bound(parameter.value.type.elements, {})


def _bytes(values: Iterable[Value], known: dict[int, Dim]) -> Dim:
    """The bytes of these values; `known` goes by the objects that their types are."""
    result: Dim = 0
    for value in values:
        count = known.get(id(value.type))
        if count is None:
            count = known[id(value.type)] = value.type.bytes
        result = count + result
    return result


def made_by(use: Use, nodes: Sequence[Node]) -> list[Value]:
    """The results of a use that it makes itself: what it passes on (`identity`, an explicit weight) takes no memory."""
    made = [value for node in nodes for value in node.outs]
    return [value for value in use.outs if value in made]


def _totals(graph: Graph, rows: Sequence[Row]) -> Totals:
    numbers, bytes = [0, 0], [0, 0]
    for parameter in graph.parameters:
        size = size_of(parameter)
        numbers[parameter.trainable] += size
        bytes[parameter.trainable] += size * ITEM_BYTES[parameter.value.type.dtype]
    macs, flops = total([row.macs for row in rows]), total([row.flops for row in rows])
    return Totals(numbers[True], numbers[False], macs, flops, bytes[True], bytes[False])


def _symbolic_sizes(graph: Graph) -> dict[Poly, tuple[Use, Shape]]:
    sizes: dict[Poly, tuple[Use, Shape]] = {}
    for node in graph.nodes:
        for value in node.outs:
            for size in value.type.shape:
                if isinstance(size, Poly) and size not in sizes:
                    sizes[size] = graph.uses[node.use], value.type.shape
    return sizes


def _fields(graph: Graph) -> dict[Value, Field]:
    """The receptive field of every value that has one."""
    fields: dict[Value, Field] = {}
    for port in graph.inputs:
        axes = SPATIAL.get(port.value.type.rank)
        fields[port.value] = (START,) * len(axes) if axes and port.value.type.dtype != "i64" else None
    weights = {parameter.value for parameter in graph.parameters}
    for node in graph.nodes:
        read = [value for value in node.ins if value not in weights]
        if not read:
            # What is made of weights alone takes no part either.
            weights.update(node.outs)
        seen = [fields.get(value) for value in read]
        if any(seen):
            ins = tuple([value.type for value in node.ins])
            field = node.op.field(ins, tuple([value.type for value in node.outs]), seen)
            for value in node.outs:
                fields[value] = field
    return fields


def _sizes(field: Field) -> tuple[int, ...] | None:
    return tuple([axis.size for axis in field]) if field is not None else None
