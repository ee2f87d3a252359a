"""The NumPy statements of a loop whose values lie gate by gate, see `apart`."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph.dims import Dim
from ..graph.graph import Node, Value
from ..graph.op import Op
from ..graph.tensor import TensorType
from ..ops.embed import Embed
from ..ops.gates import Gates, Halved
from ..ops.linear import Linear
from .loop import Loop
from .parts import rows_of_part


class LoopByGates(Loop):
    """A loop whose values of several gates are arrays [gates, N, features of a gate]: those that it makes lie like
    that, those of stacks in rows are views of these."""

    def _gates(self, type: TensorType) -> int:
        """The number of gates of a value; one too for what has a single number for each sample."""
        size = type.shape[1] if type.rank == 2 else self.gate
        assert isinstance(size, int)
        return max(size // self.gate, 1)

    def _captured(self, value: Value, name: str) -> str:
        readers = [node for node in self.body.nodes if isinstance(node.op, Linear | Embed)]
        weight = any(value in node.ins[1:] for node in readers)
        return name if weight else self._outside(name, value.type)

    def _outside(self, name: str, type: TensorType) -> str:
        gates = self._gates(type)
        if gates == 1:
            return name
        return self.code.view(f"{name}.reshape(-1, {gates}, {self.gate}).swapaxes(0, 1)")

    def _step_options(self, type: TensorType) -> str:
        gates = self._gates(type)
        return f", gates={gates}" if gates > 1 else ""

    def _cut(self, name: str, axis: int, start: Dim, stop: Dim) -> str:
        assert isinstance(start, int)
        assert isinstance(stop, int)
        first, end = start // self.gate, stop // self.gate
        return f"{name}[{first}]" if end - first == 1 else f"{name}[{first}:{end}]"

    def _array(self, type: TensorType) -> str:
        return super()._array(self._lying(type))

    def _lying(self, type: TensorType) -> TensorType:
        gates = self._gates(type)
        return type.with_shape(gates, type.shape[0], self.gate) if gates > 1 else type

    def _lying_op(self, node: Node) -> Op:
        if isinstance(node.op, Gates | Halved) and self._gates(node.outs[0].type) > 1:
            return node.op.of_gates(self.gate)
        return node.op

    def _compute(self, node: Node, outs: Sequence[str]) -> None:
        if isinstance(node.op, Embed):
            self._look_up(node)
        elif not isinstance(node.op, Linear):
            super()._compute(node, outs)
        elif self._gates(node.outs[0].type) > 1:
            self._multiply(node, node.op)
        else:
            self._divide(node, node.op)

    def _look_up(self, node: Node) -> None:
        """Look up rows of a table that is copied gate by gate before the loop."""
        labels, table = node.ins
        copy = self._array(table.type)
        self.before.append(f"np.copyto({copy}, {self._outside(self.names[table], table.type)})")
        axis = min(self._gates(table.type) - 1, 1)
        made = self.names[node.outs[0]]
        self.lines.append(f'{copy}.take({self.names[labels]}, axis={axis}, out={made}, mode="clip")')

    def _multiply(self, node: Node, op: Linear) -> None:
        """A product for each gate, with weights that lie gate by gate."""
        x, weight = node.ins[:2]
        features, gates = x.type.shape[1], self._gates(node.outs[0].type)
        if op.transposed:
            apart = f"reshape({features}, {gates}, {self.gate}).swapaxes(0, 1)"
        else:
            apart = f"reshape({gates}, {self.gate}, {features}).swapaxes(1, 2)"
        copy = self.code.scratch(gates, features, self.gate, dtype=weight.type.dtype)
        self.before.append(f"np.copyto({copy}, {self.code.view(f'{self.names[weight]}.{apart}')})")
        self.lines.append(f"np.matmul({self._rows(x)}, {copy}, out={self.names[node.outs[0]]})")
        self._add_bias(node)

    def _divide(self, node: Node, op: Linear) -> None:
        """A product that gives one gate, in parts of its samples."""
        (given, weight), out = node.ins[:2], self.names[node.outs[0]]
        x, w, samples = self._rows(given), self.names[weight], self.code.number(self.body.samples)
        rows = rows_of_part(samples, *weight.type.shape)
        if rows != samples:
            self.code.kernels.add("recurrence.in_parts")
            x, out = (self._view(f"in_parts({name}, {rows})") for name in (x, out))
        self.lines.append(f"np.matmul({x}, {w if op.transposed else self.code.view(f'{w}.T')}, out={out})")
        self._add_bias(node)

    def _add_bias(self, node: Node) -> None:
        """Add the bias of a product, if it has one."""
        for bias in node.ins[2:]:
            gates, out = self._gates(node.outs[0].type), self.names[node.outs[0]]
            shape = f"{gates}, 1, {self.gate}" if gates > 1 else f"1, {self.gate}"
            self.lines.append(f"np.add({out}, {self.code.view(f'{self.names[bias]}.reshape({shape})')}, out={out})")

    def _rows(self, value: Value) -> str:
        """The name of a value as a matrix of rows; of several gates that is a row of a stack."""
        if self._gates(value.type) == 1:
            return self.names[value]
        return super()._stepped(self.stacks[value], value.type.with_shape(value.type.shape[0], self.gate))
