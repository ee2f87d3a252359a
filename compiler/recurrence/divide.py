"""Loops read weights in the order that products made in parts are fastest for."""

from __future__ import annotations

from collections.abc import Callable

from ...runtime.record import replace
from ..graph.computation import Computation
from ..graph.dims import Dim
from ..graph.graph import Node, Value
from ..ops.linear import Linear
from ..ops.shape import Transpose
from ..passes.dead import drop_dead
from .body import Body
from .parts import part_of_units
from .places import by_features
from .scan import Scan


def with_products_divided(found: Computation, number: Callable[[Dim], int]) -> Computation:
    """The computation with loops that read a weight as it is, [rows, units], and not transposed before the loop, where
    products with it are made in parts. `number` gives the planned number of a size."""
    turned = {node.outs[0]: node.ins[0] for node in found.nodes if node.op == Transpose((1, 0))}
    nodes = [_divided(node, turned, number) if isinstance(node.op, Scan) else node for node in found.nodes]
    return drop_dead(replace(found, nodes=tuple(nodes))) if nodes != list(found.nodes) else found


def _divided(scan: Node, turned: dict[Value, Value], number: Callable[[Dim], int]) -> Node:
    assert isinstance(scan.op, Scan)
    body, given = scan.op.body, list(scan.ins)
    if not by_features(body) and not scan.op.gate:
        return scan
    first = len(body.states) + len(body.inputs)
    captured = list(body.captured)
    for place, value in enumerate(captured):
        readers = [node for node in body.nodes if value in node.ins]
        weight = turned.get(given[first + place])
        if weight is None or value in body.results or not all(_pays(node, value, number, scan.op) for node in readers):
            continue
        captured[place], given[first + place] = replace(value, type=weight.type), weight
        body = _reading(body, value, captured[place], tuple(captured))
    return scan if body is scan.op.body else replace(scan, op=replace(scan.op, body=body), ins=tuple(given))


def _pays(node: Node, value: Value, number: Callable[[Dim], int], scan: Scan) -> bool:
    if node.op != Linear() or node.ins.count(value) > 1 or node.ins[1] is not value or len(node.ins) > 2:
        return False
    units, rows = value.type.shape
    return bool(scan.gate) or part_of_units(number(node.ins[0].type.shape[0]), rows, units) is not None


def _reading(body: Body, value: Value, weight: Value, captured: tuple[Value, ...]) -> Body:
    nodes = [
        replace(node, op=Linear(True), ins=(node.ins[0], weight)) if value in node.ins else node for node in body.nodes
    ]
    return replace(body, nodes=tuple(nodes), captured=captured)
