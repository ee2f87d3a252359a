"""The NumPy statements of a loop whose values lie feature by feature, see `places`."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph.graph import Node, Value
from ..graph.tensor import ITEM_BYTES, TensorType
from ..ops.embed import Embed
from ..ops.linear import Linear
from .loop import Loop
from .parts import part_of_units
from .places import lies_by_features

# A distance in bytes at which 32 rows share two sets of a cache of 4 KB a way, and numbers that part them.
APART, BESIDE = 2048, 8


class LoopByFeatures(Loop):
    """A loop whose arrays [N, features] are views of [features, N]."""

    def _turns(self, value: Value) -> bool:
        return lies_by_features(self.body, value.type)

    def _taken(self, value: Value, name: str, lines: list[str]) -> str:
        """The name of a value from outside, copied to the order of the step by a line of `lines` where one of its
        readers is more than a product, which reads any order."""
        readers = [node for node in self.body.nodes if value in node.ins]
        if not self._turns(value) or all(isinstance(node.op, Linear) for node in readers):
            return name
        copy = self._array(value.type)
        lines.append(f"np.copyto({copy}, {name})")
        return copy

    def _like_steps(self, name: str, type: TensorType, turned: bool) -> str:
        if not turned:
            return name
        copy = self._array(type)
        self.before.append(f"np.copyto({copy}, {name})")
        return copy

    def _array(self, type: TensorType) -> str:
        if lies_by_features(self.body, type):
            return self.code.view(f"{self.code.scratch(*reversed(type.shape), dtype=type.dtype)}.T")
        return super()._array(type)

    def _scratch(self, name: str, type: TensorType) -> None:
        if type.rank != 2:
            super()._scratch(name, type)
            return
        turned = self.code.scratch(*reversed(type.shape), dtype=type.dtype)
        self.code.views.append((name, f"{turned}.T"))

    def _compute(self, node: Node, outs: Sequence[str]) -> None:
        part = self._part(node)
        if part is not None:
            self._divide(node, part)
        elif isinstance(node.op, Embed):
            self._look_up(node)
        else:
            super()._compute(node, outs)

    def _part(self, node: Node) -> int | None:
        """The units of each part that a product is made in, of a weight that is read as it is."""
        fitting = node.op == Linear(True) and len(node.ins) == 2 and node.ins[1] in self.body.captured
        if not fitting or self.code.fast:
            return None
        return part_of_units(self.code.names.number(self.body.samples), *node.ins[1].type.shape)

    def _divide(self, node: Node, part: int) -> None:
        """Write a product in parts of its units."""
        (x, weight), out = (self.names[value] for value in node.ins), self.names[node.outs[0]]
        rows, samples = map(self.code.size, (node.ins[1].type.shape[0], self.body.samples))
        pieces = self._view(f"{weight}.reshape({rows}, -1, {part}).transpose(1, 2, 0)")
        results = self._view(f"{out}.T.reshape(-1, {part}, {samples})")
        self.lines.append(f"np.matmul({pieces}, {self._view(f'{x}.T')}, out={results})")

    def _look_up(self, node: Node) -> None:
        """Rows are looked up one after the other, and then turned. Where they lie so far apart that they push each
        other out of the nearest cache meanwhile, it is rows of a wider table that are looked up."""
        labels, table = node.ins
        (n, features), dtype = node.outs[0].type.shape, node.outs[0].type.dtype
        assert isinstance(features, int)
        name, width = self.names[table], features
        if not self.code.fast and table in self.body.captured and features * ITEM_BYTES[dtype] % APART == 0:
            width += BESIDE
            name = self.code.scratch(table.type.shape[0], width, dtype=dtype)
            self.before.append(f"np.copyto({self.code.view(f'{name}[:, :{features}]')}, {self.names[table]})")
        made = self.code.scratch(n, width, dtype=dtype)
        self._write(node, [self.names[labels], name], [made])
        rows = made if width == features else self.code.view(f"{made}[:, :{features}]")
        self.lines.append(f"np.copyto({self.names[node.outs[0]]}, {rows})")
