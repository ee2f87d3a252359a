"""The gradient of gates in fewer passes.

Of z = s · k with s = σ(x), the gradient by x is dz · k · s · (1 − s), and that by k is dz · s. Read as
(dz · s) · k · (1 − s), the first starts from the second. Where k = tanh(v), the gradient by v is dz · s · (1 − k²); as
dz · s − (dz · s · k) · k, it reads the product of all three that the first reads too.
"""

from __future__ import annotations

from collections import Counter

from ...runtime.record import Record
from ..graph.graph import Node, Value
from ..ops.arithmetic import Mul, Sub
from ..ops.cut import Cut
from ..ops.shape import Concat
from ..ops.unary import Sigmoid, SigmoidGradient, Tanh, UnaryGradient
from .body import Body
from .rewriting import Rewriting


def regroup(body: Body) -> Body:
    """The same step back, with the gradients of its gates made of products that are there already."""
    return _Regrouping(body).run()


class _Gate(Record):
    """A gate, or one of several that were cut from one value, and the gradient by it. `product` is the gradient by what
    the gate was multiplied by, `other`; None where the gate was not just multiplied by something."""

    gate: Value
    gradient: Value
    product: Node | None = None
    other: Value | None = None


class _Regrouping:
    """`made` has the product of a gradient, a gate and what the gate is multiplied by, once it is there."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.new = Rewriting(body)
        self.makers = {value: node for node in body.nodes for value in node.outs}
        self.places = {node: place for place, node in enumerate(body.nodes)}
        self.reads = Counter([*(value for node in body.nodes for value in node.ins), *body.results])
        self.products = {frozenset(node.ins): node for node in body.nodes if isinstance(node.op, Mul)}
        self.cuts = {node.ins[0]: node for node in body.nodes if isinstance(node.op, Cut)}
        self.made: dict[frozenset[Value], Value] = {}

    def run(self) -> Body:
        found = {node: self._gates(node) for node in self.body.nodes if node.op == UnaryGradient(Sigmoid())}
        gates = {node: parts for node, parts in found.items() if any(part.product for part in parts)}
        after: dict[Node, list[_Gate]] = {}
        for part in [part for parts in gates.values() for part in parts if part.product]:
            after.setdefault(self._later(part), []).append(part)
        for node in self.body.nodes:
            self.new.b.use = node.use
            if node in gates:
                self._gate_gradient(node, gates[node])
            elif (triple := self._with_tanh(node)) is not None:
                (squared,) = self.new.add(Mul(), triple, node.ins[0])
                self._instead(node, self.new.add(Sub(), node.ins[1], squared)[0])
            else:
                self.new.copy(node)
            for gate in after.get(node, ()):
                self._triple(gate)
        return self.new.done()

    def _gates(self, node: Node) -> list[_Gate]:
        """The gates that a gradient is by: several when all parts of the value were read as one each."""
        kept, gy = node.ins
        joined, cut = self.makers.get(gy), self.cuts.get(kept)
        if joined is None or cut is None or not isinstance(joined.op, Concat) or self.reads[gy] > 1:
            return [self._gate(kept, gy)]
        if [value.type for value in joined.ins] != [value.type for value in cut.outs]:
            return [self._gate(kept, gy)]
        return [self._gate(part, gradient) for part, gradient in zip(cut.outs, joined.ins, strict=True)]

    def _gate(self, gate: Value, gradient: Value) -> _Gate:
        maker = self.makers.get(gradient)
        if maker is not None and isinstance(maker.op, Mul) and self.reads[gradient] == 1:
            for dz, other in (maker.ins, maker.ins[::-1]):
                product = self.products.get(frozenset((dz, gate)))
                if product is not None and len({dz, gate, other}) == 3:
                    return _Gate(gate, gradient, product, other)
        return _Gate(gate, gradient)

    def _later(self, part: _Gate) -> Node:
        """The node after which all is there that the product of three is made of."""
        assert part.product is not None
        return max(part.product, self.makers[part.gradient], key=self.places.__getitem__)

    def _triple(self, part: _Gate) -> Value:
        """The product of three, made the first time that it is asked for."""
        assert part.product is not None
        assert part.other is not None
        factors = frozenset((*part.product.ins, part.other))
        if factors not in self.made:
            (self.made[factors],) = self.new.add(Mul(), part.product.outs[0], part.other)
        return self.made[factors]

    def _gate_gradient(self, node: Node, parts: list[_Gate]) -> None:
        gate, gy = node.ins
        scaled = [
            self._triple(part) if part.product else self.new.add(Mul(), part.gradient, part.gate)[0] for part in parts
        ]
        whole = scaled[0] if len(scaled) == 1 else self.new.add(self.makers[gy].op, *scaled)[0]
        self._instead(node, self.new.add(SigmoidGradient(), gate, whole)[0])

    def _with_tanh(self, node: Node) -> Value | None:
        """The product of three that the gradient of a tanh can be made with."""
        if node.op != UnaryGradient(Tanh()):
            return None
        kept, gy = node.ins
        maker = self.makers.get(gy)
        return self.made.get(frozenset((*maker.ins, kept))) if maker and isinstance(maker.op, Mul) else None

    def _instead(self, node: Node, value: Value) -> None:
        self.new.of[node.outs[0]] = value
