"""The equations of a cell written out: those of a block, with states and their next values."""

from __future__ import annotations

from collections.abc import Mapping

from ..graph.graph import Graph, Value
from ..syntax import tree
from .body import Body, bind
from .literal import NOWHERE, NoLiteral, called, literal
from .parts import Part, Plan


class CellBody(Body):
    """Writes the equations of a cell as one of its loops ran them."""

    def __init__(self, loop: Part, plan: Plan, graph: Graph, blocks: Mapping[Part, str]) -> None:
        assert loop.mark.equations is not None
        self.equations = loop.mark.equations
        states = {state.name: state.value for state in self.equations.states}
        super().__init__(loop, plan, graph, blocks, states)
        self.values.update((value, text) for text, value in states.items())
        self.next: dict[str, Value] = dict(zip(states, self.equations.next, strict=True))
        self.undeclared = list(self.equations.states)
        # While the next value of a state is being written in one expression: its name, and what that consists of.
        self.writing: str | None = None
        self.inside: dict[Value, tree.Expr] = {}

    def statements(self) -> list[tree.Statement]:
        """The states, the equations, and what the cell gives."""
        made = [*self._declared(), *super().statements()]
        if self.inside:
            raise self._no_expression()
        for state, value in self.next.items():
            if f"{state}'" not in self.bound:
                made.append(bind([f"{state}'"], called(self.values[value])))
                self.bound[f"{state}'"] = value
        primed = {value: text for text, value in self.bound.items() if text.endswith("'")}
        names = [primed.get(value, self.values[value]) for value in self.equations.outputs]
        if "in" in names:
            return [*made, *self.result([], names)]
        return [*made, self.output(names)]

    def read(self, value: Value) -> tree.Expr:
        """What reads a value: its name, or the expression in whose place it stands."""
        if value in self.inside:
            return tree.Group(NOWHERE, self.inside.pop(value))
        if value not in self.values:
            raise self._no_expression()
        return super().read(value)

    def _no_expression(self) -> NoLiteral:
        message = f"the next value of the state `{self.writing}` is more than one expression"
        return NoLiteral(message, "give its layers names of their own, and write the equation in steps")

    def _part(self, part: Part) -> list[tree.Statement]:
        return [*self._equation(part), *self._declared()]

    def _equation(self, part: Part) -> list[tree.Statement]:
        """A layer that is called as a state, as in `h' = o * tanh(c')`, gets its name in that equation alone."""
        if not self.inside and part.mark.label == part.name and part.name in self.next:
            self.writing = part.name
        elif not self.inside:
            return super()._part(part)
        assert self.writing is not None
        if part.outs[0] is not self.next[self.writing]:
            self.inside[part.outs[0]] = self._pipeline(part)
            return []
        names = [f"{self.writing}'", *self._rest(part)]
        made = self._statement(part, names)
        self._call_them(part, names)
        return [made]

    def _declared(self) -> list[tree.Statement]:
        """The states that can be declared by now: one may start from a `param`."""
        slots = []
        while self.undeclared:
            state = self.undeclared[0]
            if isinstance(state.initial, Value) and state.initial not in self.values:
                break
            dims = tuple([literal(dim, self.outer) for dim in state.value.type.shape[1:]])
            first = self._side(state.initial) if state.initial != 0 else None
            slots.append(tree.Slot(NOWHERE, state.name, dims, first))
            del self.undeclared[0]
        return [tree.State(NOWHERE, tuple(slots))] if slots else []
