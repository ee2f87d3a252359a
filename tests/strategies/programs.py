"""Random programs that are right: networks of any inputs with branches, loops, blocks and sharing, and the rows that
their analysis should have."""

from __future__ import annotations

import random
from dataclasses import dataclass

from hypothesis import strategies as st

from netc.compiler.syntax import tree

from .shapes import SPAN, Dim, Made, Shape, number, real, word
from .statements import Row, StatementMaker, piped


@dataclass(frozen=True, slots=True)
class Program:
    """A file, the values of the parameters and dimensions that it leaves open, and the rows of its network."""

    file: tree.File
    sets: dict[str, str]
    dims: dict[str, int]
    dtype: str
    rows: tuple[Row, ...]


class Maker(StatementMaker):
    """Makes one program."""

    def input(self, dtype: str) -> tuple[tree.Input, Shape | None]:
        """An input, and its shape where layers read it: None for token ids."""
        size = self.chance.randint
        steps: Dim = self.chance.choice(("T", 4))
        image = (size(1, 4), size(6, 20), size(6, 20))
        shapes: tuple[Shape, ...] = (
            ("N", size(1, 30)),
            ("N", size(1, 4), size(8, 40)),
            ("N", steps, size(1, 12)),
            ("N", *image),
            ("N", steps, *image),
            ("N", steps),
        )
        shape = self.chance.choice(shapes)
        tokens = shape == shapes[-1]
        dims = tuple(number(dim) if isinstance(dim, int) else word(dim) for dim in shape)
        self.dims |= {dim: real(dim) for dim in shape if isinstance(dim, str)}
        name = self.fresh("x")
        self.scope.values[name] = shape
        return tree.Input(SPAN, word(name), tree.Type(SPAN, "i64" if tokens else dtype, dims)), (
            None if tokens else shape
        )

    def program(self) -> Program:
        dtype = self.chance.choice(("f32", "f32", "f64"))
        statements: list[tree.Statement] = []
        tokens: list[str] = []
        for _ in range(self.chance.choice((1, 1, 1, 2))):
            declared, shape = self.input(dtype)
            statements.append(declared)
            if shape is None:
                tokens.append(declared.name.id)
        ids = {name: self.scope.values.pop(name) for name in tokens}
        if not self.scope.values:
            dtype = "f32"
        for name, shape in ids.items():
            features, rows = self.chance.randint(1, 16), self.chance.randint(1, 50)
            made = Made("embed", ((None, rows), (None, features)), (*shape, features), rows * features)
            bound = self.fresh("v")
            statements.append(tree.Bind(SPAN, (word(bound),), piped([word(name), self.use(made)])))
            self.scope.values[bound] = made.shape
        name, it = self.chance.choice(list(self.scope.values.items()))
        statements.append(tree.Flow(SPAN, piped([word(name), word("identity")])))
        self.rows.append(Row("identity", it))
        for _ in range(self.chance.randint(1, 6)):
            kinds = (
                self.flow, self.flow, self.bind, self.residual, self.scaled, self.branches, self.summed, self.shared,
                self.split, self.repeat, self.each, self.branch, self.choice, self.block, self.block, self.gate,
            )  # fmt: skip
            made_here, it = self.chance.choice(kinds)(it)
            statements += made_here
            if self.likely(0.15):
                name, it = self.chance.choice(list(self.scope.values.items()))
                steps, it = self.chain(it, 1)
                statements.append(tree.Flow(SPAN, piped([word(name), *steps])))
        if self.likely(0.7):
            result = tree.Bind(SPAN, (word("result"),), tree.It(SPAN))
            others = self.chance.sample(list(self.scope.values), min(2, len(self.scope.values)))
            statements += [result, tree.Output(SPAN, (word("result"), *map(word, others)))]
        return self.finish(statements, dtype)

    def finish(self, statements: list[tree.Statement], dtype: str) -> Program:
        sets = {name: str(value) for name, value in self.scope.parameters if self.likely(0.3)}
        parameters = tuple(
            tree.Parameter(SPAN, word(name), None if name in sets else number(value))
            for name, value in self.scope.parameters
        )
        net = tree.Net(SPAN, word("made"), parameters, tree.Body(SPAN, tuple(statements)))
        items = [*self.items, net]
        self.chance.shuffle(items)
        return Program(tree.File(SPAN, tuple(items)), sets, self.dims, dtype, tuple(self.rows))


def make(seed: int) -> Program:
    return Maker(random.Random(seed)).program()


programs = st.integers(0, 2**32).map(make)
