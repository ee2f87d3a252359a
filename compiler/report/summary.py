"""What every report of an analysis says, bound to numbers and free of form."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...runtime.record import Record
from ..analysis.figures import FREE, Row, TooSmall, Totals, analyse
from ..diagnostics.diagnostic import Diagnostic
from ..emit.memory import Needed, needed
from ..graph.dims import Dim, Shape, Unbound, bound
from ..graph.tiers import Tier
from ..resolve.network import Network
from ..source import Span


class Line(Record):
    """One row, of a layer use or of a scope collapsed into one; `parts` are the equations of a cell."""

    name: str
    op: str
    inputs: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    symbolic: Shape
    padding: tuple[int, ...] | None
    params: int
    buffers: int
    macs: int
    flops: int
    activation_bytes: int
    field: tuple[int, ...] | None
    shared_with: str | None
    span: Span
    parts: tuple[Line, ...] = ()


class Summary(Record):
    network: Network
    dims: Mapping[str, int]
    lines: tuple[Line, ...]
    totals: Totals
    memory: Needed
    budget: int | None = None
    tier: Tier = "numpy"
    depth: int | None = None


def summarise(
    network: Network,
    depth: int | None = None,
    optimizer: str | None = None,
    budget: int | None = None,
    tier: Tier = "numpy",
) -> Summary:
    """The figures of a network at its dims; scopes deeper than `depth` are collapsed into one line each.

    Memory for training is that of `optimizer`, sgd, momentum or adam, or of the network's own; with a `budget` it is
    within so many bytes, or OverBudget is raised. It is that of programs of `tier`.

    Raises Unbound when a dimension other than N and T has no value, TooSmall when one leaves a result without size.
    """
    analysis = analyse(network.graph)
    totals = analysis.at(network.dims)
    numbers = _Numbers(FREE | dict(network.dims))
    scopes = network.graph.scopes
    lines = tuple(_line(row, numbers, scopes) for row in analysis.rows)
    if depth is not None:
        lines = _collapse(lines, depth, scopes)
    memory = needed(network.graph, network.settings, FREE | dict(network.dims), optimizer, budget, tier)
    return Summary(network, bound_dims(network), lines, totals, memory, budget, tier, depth)


def no_figure(error: Unbound | TooSmall, network: Network) -> Diagnostic:
    """Why a network has no figures at its dims, and which one to give."""
    wanted = "larger number" if isinstance(error, TooSmall) else "number"
    help = f"give {error.symbol} a {wanted}: `--dim {error.symbol}=…`, in Python `analyze({error.symbol}=…)`"
    if isinstance(error, TooSmall):
        return Diagnostic("window", str(error), error.use.span, help=help)
    return Diagnostic("unbound-dimension", str(error), network.span, help=help)


def bound_dims(network: Network) -> dict[str, int]:
    """The number put in for each symbolic dimension of the inputs, and those that were given."""
    values = FREE | dict(network.dims)
    return {name: values[name] for name in symbols(network) if name in values} | dict(network.dims)


def symbols(network: Network) -> list[str]:
    """The symbolic dimensions of the inputs, sorted."""
    return sorted({name for port in network.graph.inputs for dim in port.value.type.shape for name in _symbols(dim)})


def _symbols(dim: object) -> tuple[str, ...]:
    return getattr(dim, "symbols", ())


class _Numbers(dict[Dim, int]):
    """The integer that each dimension is; deep networks repeat few sizes many times."""

    def __init__(self, values: Mapping[str, int]) -> None:
        self.symbols = values

    def __missing__(self, dim: Dim) -> int:
        number = self[dim] = bound(dim, self.symbols)
        return number


def _line(row: Row, numbers: _Numbers, scopes: Mapping[str, str]) -> Line:
    use = row.use
    return Line(
        use.name,
        use.kind,
        tuple([tuple([numbers[dim] for dim in value.type.shape]) for value in use.ins]),
        tuple([numbers[dim] for dim in row.output]),
        row.output,
        row.padding,
        row.params,
        row.buffers,
        numbers[row.macs],
        numbers[row.flops],
        numbers[row.activation_bytes],
        row.field,
        use.shared_with,
        use.span,
        _equations(use.name, tuple(_line(part, numbers, scopes) for part in row.parts), scopes),
    )


def _equations(cell: str, lines: tuple[Line, ...], scopes: Mapping[str, str]) -> tuple[Line, ...]:
    """One line for each equation of a cell."""
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(f"{cell}.{equation(line.name, cell)}", []).append(line)
    return tuple(
        _merge(name, scopes.get(name, group[0].op), group) if len(group) > 1 else group[0]
        for name, group in groups.items()
    )


def equation(name: str, cell: str) -> str:
    """The equation that a use in a cell belongs to: `i`, or in one of several layers or directions
    `layer1.forward.i`."""
    parts = name.removeprefix(f"{cell}.").split(".")
    depth = 1
    while depth < len(parts) and re.fullmatch(r"layer\d+|forward|backward", parts[depth - 1]):
        depth += 1
    return ".".join(parts[:depth])


def _collapse(lines: tuple[Line, ...], depth: int, scopes: Mapping[str, str]) -> tuple[Line, ...]:
    """One line for each scope of `depth` parts: figures are summed, the result is that of its last layer."""
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(".".join(line.name.split(".")[:depth]), []).append(line)
    return tuple(_merge(name, scopes[name], group) if name in scopes else group[0] for name, group in groups.items())


def _merge(name: str, kind: str, group: list[Line]) -> Line:
    last = group[-1]
    return Line(
        name,
        kind,
        group[0].inputs,
        last.output,
        last.symbolic,
        None,
        sum(line.params for line in group),
        sum(line.buffers for line in group),
        sum(line.macs for line in group),
        sum(line.flops for line in group),
        sum(line.activation_bytes for line in group),
        last.field,
        None,
        group[0].span,
    )
