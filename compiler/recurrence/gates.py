"""The sigmoids of gates by hyperbolic tangents, in float32.

σ(x) = (1 + tanh(x / 2)) / 2, the form that XLA wrote the logistic function in for years ("logistic_expander.cc"), takes
two thirds of the time of 1 / (1 + e⁻ˣ) in NumPy, and one call then makes all gates of a cell, those that are hyperbolic
tangents too. The half of x costs nothing in the loop: of a product, that of its weights is multiplied by. In float64
NumPy's tanh takes twice as long as its exponential.

The price is that of 1 / (1 + e⁻ˣ) all digits are right, however small it is, and of this form those down to 6e-8. It is
taken where nothing can tell: where a sigmoid is multiplied or added to, and is neither what a step leaves nor what a
logarithm or a quotient is taken of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ...runtime.record import Record, replace
from ..graph.computation import Computation
from ..graph.graph import Node, Value
from ..graph.op import Op
from ..graph.tensor import DType
from ..ops.arithmetic import Add, Affine, Mul, Sub
from ..ops.cut import Cut
from ..ops.embed import Embed
from ..ops.gates import Gates, Halved, Span
from ..ops.linear import Linear
from ..ops.select import Select
from ..ops.shape import Concat
from ..ops.unary import Sigmoid, Tanh
from .body import Body
from .rewriting import Rewriting
from .scan import Scan

TYPES: tuple[DType, ...] = ("f32",)


def with_gates_by_tanh(found: Computation) -> Computation:
    """The computation with loops that make the sigmoids of their gates by hyperbolic tangents."""
    while (made := _next(found)) is not None:
        found = made
    return found


def _next(found: Computation) -> Computation | None:
    for node in found.nodes:
        if isinstance(node.op, Scan):
            group = _next_group(node, found)
            if group is not None:
                return _Halving(found, node, group).run()
    return None


class _Group(Record, eq=False):
    """The functions of all parts of one value `x`, which `cut` makes; of x itself where there is no cut."""

    x: Value
    cut: Node | None
    functions: tuple[Node, ...]

    @property
    def spans(self) -> tuple[Span, ...]:
        """The features that sigmoids are taken of, neighbours together."""
        spans: list[Span] = []
        start = 0
        for node in self.functions:
            stop = start + _features(node.outs[0])
            if isinstance(node.op, Sigmoid):
                spans.append((spans.pop()[0] if spans and spans[-1][1] == start else start, stop))
            start = stop
        return tuple(spans)


def _features(value: Value) -> int:
    size = value.type.shape[-1]
    assert isinstance(size, int)
    return size


def _next_group(scan: Node, found: Computation) -> _Group | None:
    assert isinstance(scan.op, Scan)
    body = scan.op.body
    readers, reads = _readers(body.nodes), _reads(body)
    for node in body.nodes:
        if not _fits(node) or reads[node.ins[0]] > 1 or not _is_gate(node, scan, found):
            continue
        (x,) = node.ins
        cut = next((maker for maker in body.nodes if isinstance(maker.op, Cut) and x in maker.outs), None)
        if cut is not None and reads[cut.ins[0]] == 1 and all(reads[part] == 1 for part in cut.outs):
            functions = [readers[part][0] for part in cut.outs if part in readers]
            if len(functions) == len(cut.outs) and all(
                isinstance(one.op, Tanh) or (_fits(one) and _is_gate(one, scan, found)) for one in functions
            ):
                return _Group(cut.ins[0], cut, tuple(functions))
        return _Group(x, None, (node,))
    return None


def _fits(node: Node) -> bool:
    type = node.outs[0].type
    return isinstance(node.op, Sigmoid) and type.dtype in TYPES and type.rank == 2 and isinstance(type.shape[1], int)


def _readers(nodes: Iterable[Node]) -> dict[Value, list[Node]]:
    found: dict[Value, list[Node]] = {}
    for node in nodes:
        for value in node.ins:
            found.setdefault(value, []).append(node)
    return found


def _reads(body: Body) -> Counter[Value]:
    return Counter([*(value for node in body.nodes for value in node.ins), *body.results])


def _is_gate(sigmoid: Node, scan: Node, found: Computation) -> bool:
    """Whether nothing can tell that a small sigmoid has fewer digits."""
    assert isinstance(scan.op, Scan)
    body = scan.op.body
    readers = _readers(body.nodes)
    outputs = dict(zip(body.outputs, scan.outs[len(body.states) :], strict=False))
    for value in _reached(sigmoid, readers, (Cut, Concat, Select)):
        if value in body.next or value in body.totals:
            return False
        if value in outputs and not _read_back(outputs[value], found):
            return False
    return all(
        isinstance(node.op, Mul | Add | Sub | Affine | Cut | Concat | Select | Linear | Tanh | Sigmoid)
        for value in _reached(sigmoid, readers, (Cut, Concat, Select, Mul))
        for node in readers.get(value, ())
    )


def _reached(source: Node, readers: Mapping[Value, list[Node]], through: tuple[type[Op], ...]) -> list[Value]:
    """What a node makes, and what is made of that by operations of these kinds alone."""
    reached = dict.fromkeys(source.outs)
    open = list(reached)
    while open:
        made = [out for node in readers.get(open.pop(), ()) if isinstance(node.op, through) for out in node.outs]
        open += [value for value in made if value not in reached]
        reached.update(dict.fromkeys(made))
    return list(reached)


def _read_back(stack: Value, found: Computation) -> bool:
    """Whether only loops back read a stack: they multiply by a gate."""
    if stack in found.results():
        return False
    return all(
        isinstance(node.op, Scan) and place >= found.forward
        for place, node in enumerate(found.nodes)
        if stack in node.ins
    )


class _Halving:
    """One group of gates rewritten. `before` are nodes that run before others, by the node that they run before."""

    def __init__(self, found: Computation, scan: Node, group: _Group) -> None:
        assert isinstance(scan.op, Scan)
        self.found = found
        self.scan = scan
        self.body = scan.op.body
        self.group = group
        self.reads = _reads(self.body)
        self.makers = {value: node for node in self.body.nodes for value in node.outs}
        self.new: dict[Node, list[Node]] = {}
        self.number = max(value.number for node in found.nodes for value in node.outs)

    def run(self) -> Computation:
        sources = [self._sources(self.group.x, span) for span in self.group.spans]
        outside = [source for found in sources if found is not None for source in found]
        given = self._halved_outside(outside) if None not in sources else None
        if given is None:
            self.new.clear()
        body = self._with_gates(self.body, halved=given is not None)
        op = self.scan.op
        assert isinstance(op, Scan)
        scan = replace(self.scan, op=replace(op, body=body), ins=given or self.scan.ins)
        self.new.setdefault(self.scan, []).append(scan)
        nodes: list[Node] = []
        forward = self.found.forward
        for place, node in enumerate(self.found.nodes):
            made = self.new.get(node, [node])
            nodes += made
            forward += len(made) - 1 if place < self.found.forward else 0
        return replace(self.found, nodes=tuple(nodes), forward=forward)

    def _with_gates(self, body: Body, *, halved: bool) -> Body:
        group = self.group
        new = Rewriting(body)
        joined: dict[tuple[Value, ...], Value] = {}
        for node in body.nodes:
            new.b.use = node.use
            if node is (group.cut or group.functions[0]):
                x = group.x
                for span in () if halved else group.spans:
                    (x,) = new.add(Halved(1, span), x)
                (whole,) = new.add(Gates(1, group.spans), x)
                parts = new.add(group.cut.op, whole) if group.cut else (whole,)
                new.of.update(zip((one.outs[0] for one in group.functions), parts, strict=True))
                joined[parts] = whole
            elif isinstance(node.op, Concat) and (same := joined.get(self._read(new, node))) is not None:
                new.of[node.outs[0]] = same
            elif node not in group.functions:
                new.copy(node)
        return new.done()

    def _read(self, new: Rewriting, node: Node) -> tuple[Value, ...]:
        return tuple([new.of.get(value, value) for value in node.ins])

    def _sources(self, value: Value, span: Span) -> list[tuple[Value, int, Span]] | None:
        """The leaves, each with a dimension and a part of that, that a part of a value is half of when they are halved;
        None where something else would change too."""
        if self.reads[value] > 1 or value in self.body.states:
            return None
        if value not in self.makers:
            return [(value, value.type.rank - 1, span)]
        node, width = self.makers[value], _features(value)
        match node.op:
            case Cut(axis=1):
                start = sum(node.op.extents[: node.outs.index(value)])
                return self._sources(node.ins[0], (start + span[0], start + span[1]))
            case Add():
                terms = [self._sources(term, span) if _features(term) == width else None for term in node.ins]
                return None if None in terms else [source for term in terms for source in term or ()]
            case Mul():
                factors = (self._sources(factor, span) for factor in node.ins if _features(factor) == width)
                return next((found for found in factors if found is not None), None)
            case Linear() | Embed():
                weights = node.ins[1:]
                if any(weight not in self.body.captured or self.reads[weight] > 1 for weight in weights):
                    return None
                return [(weight, _axis(node, place), span) for place, weight in enumerate(weights)]
        return None

    def _halved_outside(self, sources: Sequence[tuple[Value, int, Span]]) -> tuple[Value, ...] | None:
        """What the loop takes with these leaves halved; None where a stack is not one that a product made for it."""
        ins = list(self.scan.ins)
        leaves = self.body.leaves
        products: dict[Node, Node] = {}
        for leaf, axis, span in sources:
            place = leaves.index(leaf)
            if leaf in self.body.captured:
                ins[place] = self._halved(self.scan, ins[place], axis, span)
                continue
            product = next((node for node in self.found.nodes if ins[place] in node.outs), None)
            if product is None or not isinstance(product.op, Linear) or not self._for_this_loop(ins[place]):
                return None
            weights = [
                self._halved(product, weight, _axis(product, number), span)
                for number, weight in enumerate(products.get(product, product).ins[1:])
            ]
            products[product] = replace(product, ins=(product.ins[0], *weights))
        for product, instead in products.items():
            self.new[product].append(instead)
        return tuple(ins)

    def _for_this_loop(self, value: Value) -> bool:
        reads = sum(node.ins.count(value) for node in self.found.nodes)
        return reads == 1 and value not in self.found.results()

    def _halved(self, before: Node, value: Value, axis: int, span: Span) -> Value:
        """A part of a value halved, by a node that runs before another one."""
        self.number += 1
        made = Value(value.type, self.number)
        self.new.setdefault(before, []).append(Node(Halved(axis, span), (value,), (made,), self.scan.use))
        return made


def _axis(node: Node, place: int) -> int:
    """The dimension of a weight, the first or the one after it, that runs over the features of what is made with it."""
    if place == 1:
        return 0
    return 1 if isinstance(node.op, Embed) or node.op == Linear(True) else 0
