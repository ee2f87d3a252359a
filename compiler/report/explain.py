"""The derivation of every figure: the formula, the numbers put in, the result, and the line of the text behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..analysis.figures import FREE, Row, analyse, made_by
from ..diagnostics.suggest import closest
from ..diagnostics.visible import visible
from ..graph.dims import Dim, Poly, bind, bound, show_shape
from ..graph.formula import Formula, formula, named, plus, show, times
from ..graph.graph import Node, Parameter
from ..graph.tensor import ITEM_BYTES, SPATIAL, TensorType
from ..resolve.network import Network
from .summary import bound_dims, equation
from .table import size

# How much of a line of the text is shown.
LINE = 200


class NoSuchLayer(Exception):
    """There is no layer use of that name; the text says which is near."""


def explain(network: Network, layer: str | None = None) -> str:
    """The figures of one layer use, of all uses in a scope, or of the whole network.

    Raises NoSuchLayer, Unbound, TooSmall.
    """
    values = FREE | dict(network.dims)
    at = ", ".join(f"{name} = {value:,}" for name, value in bound_dims(network).items())
    analysis = analyse(network.graph)
    analysis.check(values)
    rows = tuple(_with_parts(analysis.rows))
    if layer:
        chosen = [row for row in rows if row.use.name == layer or row.use.name.startswith(layer + ".")]
        if not chosen:
            near = closest(layer, (row.use.name for row in rows))
            hint = f"did you mean `{near}`?" if near else "`netc analyze` lists them"
            raise NoSuchLayer(f"there is no layer `{visible(layer)}`: {hint}")
        rows = tuple(chosen)
    texts = ["\n".join(_row(row, values)) for row in rows]
    return "\n\n".join([*texts, f"at {at}"] if at else texts)


def _with_parts(rows: Iterable[Row]) -> Iterable[Row]:
    """Each row, and the uses in the equations of a cell after it."""
    for row in rows:
        yield row
        yield from _with_parts(row.parts)


def _by_equation(row: Row, figures: Iterable[Dim]) -> Formula:
    """A figure of a cell as the sum of those of its equations."""
    sums: dict[str, Dim] = {}
    for part, figure in zip(row.parts, figures, strict=True):
        name = equation(part.use.name, row.use.name)
        sums[name] = figure + sums.get(name, 0)
    return plus(named(name, figure) for name, figure in sums.items() if figure != 0)


def _row(row: Row, values: Mapping[str, int]) -> Iterable[str]:
    use = row.use
    line, _ = use.span.position
    yield visible(use.name)
    yield _entry(
        "source", f"{visible(use.span.source.name)}:{line}: {visible(use.span.source.line(line).strip(), LINE)}"
    )
    for value in use.ins:
        yield _entry("input", show_shape(value.type.shape))
    derived = [
        (axis, _derive(figure, values))
        for node in row.nodes
        for axis, figure in node.op.sizes(
            tuple(value.type for value in node.ins), tuple(value.type for value in node.outs)
        )
    ]
    yield from _padding(row.padding, [(axis, text) for axis, text in derived if axis.startswith("padding ")])
    yield from (_entry(axis, text) for axis, text in derived if not axis.startswith("padding "))
    for value in use.outs:
        yield _entry("output", show_shape(value.type.shape))
    if use.shared_with is not None:
        yield _entry("params", f"0: the weights are those of {visible(use.shared_with)}, counted there")
    elif row.parts:
        total = _by_equation(row, [part.params for part in row.parts])
        yield _entry("params", _derive(total, values))
        for parameter in row.parameters:
            if parameter.parts:
                yield _entry("weight", f"{visible(parameter.name)} {show_shape(parameter.value.type.shape)}")
    else:
        yield from _parameters("params", [p for p in row.parameters if p.trainable], values)
        yield from _parameters("buffers", [p for p in row.parameters if not p.trainable], values)
    if not row.needed:
        yield _entry("MACs", "0: only the loss needs this layer, a forward pass to the outputs leaves it out")
        yield _entry("FLOPs", "0: as the MACs")
    else:
        for label, pick in (("MACs", 0), ("FLOPs", 1)):
            costs = [_cost(node, pick) for node in row.nodes]
            total = plus(cost for cost in costs if cost.value != 0)
            if row.parts:
                total = _by_equation(row, [part.flops if pick else part.macs for part in row.parts])
            elif row.steps != 1 and total.value != 0:
                total = named("steps", row.steps) * _renamed(total, "MACs", "MACs of a step")
            yield _entry(label, _derive(total, values))
    for value in made_by(use, row.nodes):
        count = bound(value.type.bytes, values)
        rounded = f" ({size(count)})" if count >= 1024 else ""
        yield _entry("memory", f"{_derive(_memory(value.type), values)} bytes{rounded}")
    yield from (_entry("note", node.op.note()) for node in row.nodes if node.op.note())
    if row.field is not None:
        yield _entry("field", "×".join(map(str, row.field)) + " positions of the input")


def _entry(label: str, text: str) -> str:
    return f"  {label:<10} {text}"


def _derive(figure: Formula, values: Mapping[str, int]) -> str:
    """`formula = numbers = result`, without the parts that would repeat."""
    text = show(bind(figure.value, values))
    if figure.operator == "leaf":
        return f"{figure.name} = {text}" if figure.name else text
    return f"{figure.words()} = {figure.numbers(values)} = {text}"


def _padding(padding: tuple[int, ...] | None, rules: list[tuple[str, str]]) -> Iterable[str]:
    """The padding as it was given, or how a word such as `half` comes to it."""
    texts = {text for _, text in rules}
    if len(texts) == 1:
        yield _entry("padding", f"{texts.pop()} on each side")
        return
    yield from (_entry(axis.replace("padding", "pad"), text) for axis, text in rules)
    if padding is not None:
        yield _entry("padding", _sides(padding))


def _sides(padding: tuple[int, ...]) -> str:
    names = ("top", "bottom", "left", "right") if len(padding) == 4 else ("before", "after")
    return ", ".join(f"{name} {amount}" for name, amount in zip(names, padding, strict=True))


def _parameters(label: str, parameters: list[Parameter], values: Mapping[str, int]) -> Iterable[str]:
    if not parameters:
        if label == "params":
            yield _entry(label, "0")
        return
    terms = [
        times(named(name, size) for name, size in zip(p.axes, p.value.type.shape, strict=True)) for p in parameters
    ]
    total = plus(terms)
    names = " + ".join(p.name.rsplit(".", 1)[-1] for p in parameters)
    yield _entry(label, f"{names} = {_derive(total, values)}")


def _renamed(figure: Formula, old: str, new: str) -> Formula:
    """The figure, a name in its formula being another one."""
    arguments = tuple(_renamed(argument, old, new) for argument in figure.arguments)
    return Formula(figure.value, new if figure.name == old else figure.name, figure.operator, arguments)


def _cost(node: Node, pick: int) -> Formula:
    ins = tuple(value.type for value in node.ins)
    outs = tuple(value.type for value in node.outs)
    return formula(node.op.macs(ins, outs) if pick == 0 else node.op.flops(ins, outs))


def _memory(type: TensorType) -> Formula:
    """The bytes of a tensor: the product of its sizes and the bytes of an element."""
    names = {len(axes): names for axes, names in (((0,), ("length",)), ((0, 1), ("height", "width")))}
    spatial = SPATIAL.get(type.rank, ()) if type.rank != 3 else ()
    labels = ["batch", *[f"dimension {place}" for place in range(1, type.rank)]]
    if type.rank == 2:
        labels[1] = "features"
    if type.rank == 3 and isinstance(type.shape[1], Poly):
        # Of the two readings of rank 3, the one whose dimension 1 is open.
        labels[1:] = ["steps", "features"]
    for place, name in zip(spatial, names.get(len(spatial), ()), strict=False):
        labels[place] = name
    if spatial:
        labels[spatial[0] - 1] = "maps"
    if type.rank == 5:
        labels[1] = "steps"
    factors = [named(label, dim) for label, dim in zip(labels, type.shape, strict=True)]
    return times([*factors[1:], factors[0], named("bytes each", ITEM_BYTES[type.dtype])])
