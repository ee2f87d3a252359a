"""The NumPy statements of a loop over steps."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..graph.code import NAME, Code, channels_last, storage
from ..graph.dims import Dim
from ..graph.graph import Node, Value
from ..graph.op import Op
from ..graph.tensor import TensorType
from ..ops.cut import Cut
from ..ops.shape import Concat, part
from .body import Body
from .places import Home, Places, buffers

# A call of a function that NumPy's module is searched for each time, with where its result goes at the end. `maximum`
# and `minimum` take that by its keyword alone.
_CALL = re.compile(
    r"^( *)np\.(add|copyto|divide|exp|matmul|multiply|negative|reciprocal|subtract|tanh)\("
    r"(.*?)(?:, out=(\w+))?\)$"
)


class Loop:
    """Writes the loop of `steps` steps over `body`; the inputs and outputs of `code` are those of the loop.

    `turned` are the numbers of the stacks read and made whose steps lie in memory as the values of a step do, where
    these do not lie in rows: see the classes made of this one. `gate` is the number of features of a gate where they
    lie gate by gate. `names` has the array of each value within a step, `lists` the list of those arrays for each name
    that stands for another array at each step.
    """

    def __init__(
        self,
        code: Code,
        body: Body,
        steps: Dim,
        reverse: bool,
        turned: tuple[tuple[int, ...], tuple[int, ...]] = ((), ()),
        gate: int = 0,
    ) -> None:
        self.code = code
        self.body = body
        self.steps = steps
        self.reverse = reverse
        self.turned = turned
        self.gate = gate
        self.names: dict[Value, str] = {}
        self.lists: dict[str, str] = {}
        self.before: list[str] = []
        self.lines: list[str] = []
        self.after: list[str] = []
        self.copied: list[tuple[str, Value]] = []
        self.scratch: dict[TensorType, list[str]] = {}
        count = len(body.states)
        self.initial = code.ins[:count]
        self.final = code.outs[:count]
        self.stacks = dict(zip(body.outputs, code.outs[count:], strict=False))
        self.totals = code.outs[count + len(body.outputs) :]

    def write(self, before: tuple[int, ...] = ()) -> None:
        """Write it; `before` are the numbers of the stacks read of which each step sees the next one's, and the last
        what is among the further inputs."""
        body, code = self.body, self.code
        made = {value: place for place, node in enumerate(body.nodes) for value in node.outs}
        cut = {value for node in body.nodes if isinstance(node.op, Cut) for value in node.outs}
        rows = [
            value
            for place, value in enumerate(self.stacks)
            if value in made and value not in cut and (place in self.turned[1] or not self._turns(value))
        ]
        for place, (value, stack) in enumerate(self.stacks.items()):
            if value in rows:
                self.names[value] = self._stepped(stack, value.type, turned=place in self.turned[1])
        names = code.ins[len(body.states) + len(body.inputs) :]
        last = dict(zip(before, names[len(body.captured) :], strict=True))
        for place, (value, stack) in enumerate(zip(body.inputs, code.ins[len(body.states) :], strict=False)):
            step = self._stepped(stack, value.type, turned=place in self.turned[0])
            if place in last:
                end = self._like_steps(last[place], value.type, place in self.turned[0])
                step = self._varying(f"[*{self.lists[step]}[1:], {end}]")
            self.names[value] = step if place in self.turned[0] else self._taken(value, step, self.lines)
        for value, name in zip(body.captured, names, strict=False):
            self.names[value] = self._captured(value, name)
        self._states(made, cut)
        self.places = Places(body, [*body.leaves, *(value for value in made if value in self.names)])
        self._places()
        for node in body.nodes:
            self._node(node)
        self._end(rows)
        self._emit()

    def _turns(self, value: Value) -> bool:
        """Whether a value lies here in another order than in rows, to which it is copied."""
        return False

    def _taken(self, value: Value, name: str, lines: list[str]) -> str:
        """The name of a step of a stack as the step reads it, copied by a line of `lines` where it has to be."""
        return name

    def _captured(self, value: Value, name: str) -> str:
        """The name of what is the same at every step as the step reads it."""
        return self._taken(value, name, self.before)

    def _like_steps(self, name: str, type: TensorType, turned: bool) -> str:
        """The name of what stands in a list beside the steps of a stack, laid out as they are."""
        return self._outside(name, type)

    def _outside(self, name: str, type: TensorType) -> str:
        """The name of an array from outside as the step goes over it, without a copy."""
        return name

    def _stepped(self, stack: str, type: TensorType, *, turned: bool = False) -> str:
        """The name of a step, of this type, of a stack."""
        self.code.kernels.add("recurrence.steps")
        options = (", reverse=True" if self.reverse else "") + (", turned=True" if turned else "")
        options += self._step_options(type)
        return self._varying(f"steps({stack}, {self.code.size(self.steps)}{options})")

    def _step_options(self, type: TensorType) -> str:
        """Further arguments for the steps of a stack, as source text."""
        return ""

    def _varying(self, expression: str) -> str:
        """A name that stands for the next item of a list at each step."""
        name = self.code.names.new("s")
        self.lists[name] = self.code.view(expression)
        return name

    def _states(self, made: dict[Value, int], cut: set[Value]) -> None:
        """A state is what the step before stacked up, or it has one place, which the step writes its next value to."""
        body = self.body
        for state, after, first, last in zip(body.states, body.next, self.initial, self.final, strict=True):
            if after in self.names and after in made:
                rows = self.lists[self.names[after]]
                start = self._like_steps(first, state.type, body.outputs.index(after) in self.turned[1])
                self.names[state] = self._varying(f"[{start}, *{rows}[:-1]]")
                end = self._outside(last, state.type)
                self.after.append(f"np.copyto({end}, {self.code.view(f'{rows}[-1]')})")
                continue
            place = self._array(state.type) if self._turns(state) else self._outside(last, state.type)
            self.names[state] = place
            self.before.append(f"np.copyto({place}, {self._outside(first, state.type)})")
            if self._writes_itself(state, after, made, cut):
                self.names[after] = place
            elif after is not state:
                self.copied.append((place, after))
            if self._turns(state):
                self.after.append(f"np.copyto({last}, {place})")

    def _writes_itself(self, state: Value, after: Value, made: dict[Value, int], cut: set[Value]) -> bool:
        """Whether the next value of a state can be written over it: nothing reads the state from then on."""
        if after not in made or after in cut or self.body.next.count(after) > 1:
            return False
        nodes = self.body.nodes
        if isinstance(nodes[made[after]].op, Concat) or state in self.body.results:
            return False
        later = any(state in node.ins for node in nodes[made[after] :])
        return not later and not any(isinstance(node.op, Cut) and state in node.ins for node in nodes)

    def _places(self) -> None:
        """Give every other value of the step a name."""
        found = self.places.found
        roots = {id(home.root): home.root for home in found.values()}
        free = [root for root in roots.values() if not root.fixed]
        for group in buffers(free):
            name = self._array(group[0].value.type)
            for home in group:
                self.names.setdefault(home.value, name)
        for node in self.body.nodes:
            for value in node.outs:
                self._name(found[value], value)

    def _name(self, home: Home, value: Value) -> str:
        if home.value is not value:
            self.names.setdefault(value, self._name(home, home.value))
        elif value not in self.names and home.part is not None:
            whole, axis, start, stop = home.part
            self.names[value] = self._view(self._cut(self._name(whole, whole.value), axis, start, stop))
        return self.names[value]

    def _cut(self, name: str, axis: int, start: Dim, stop: Dim) -> str:
        """A part of an array of the step as an expression."""
        return part(self.code, name, axis, start, stop)

    def _array(self, type: TensorType) -> str:
        """The name of an array of the step for a value of this type."""
        if not channels_last(type):
            return self.code.scratch(*type.shape, dtype=type.dtype)
        flat = self.code.scratch(*storage(type), dtype=type.dtype)
        return self.code.view(f"{flat}.transpose(0, 3, 1, 2)")

    def _view(self, expression: str, name: str | None = None) -> str:
        """The name of a view: made once, or for each step when it is one of what changes from step to step."""
        changing = [other for other in dict.fromkeys(NAME.findall(expression)) if other in self.lists]
        if not changing:
            if name is None:
                return self.code.view(expression)
            self.code.views.append((name, expression))
            return name
        lists = [self.lists[other] for other in changing]
        over = lists[0] if len(lists) == 1 else f"zip({', '.join(lists)})"
        name = name or self.code.names.new("s")
        self.lists[name] = self.code.view(f"[{expression} for {', '.join(changing)} in {over}]")
        return name

    def _node(self, node: Node) -> None:
        outs = [self.names[value] for value in node.outs]
        if isinstance(node.op, Cut):
            start = 0
            for value, name, size in zip(node.outs, outs, node.op.extents, strict=True):
                if self.places.found[value].part is None:
                    piece = self._view(self._cut(self.names[node.ins[0]], node.op.axis, start, start + size))
                    self.lines.append(f"np.copyto({name}, {piece})")
                start += size
            return
        if isinstance(node.op, Concat):
            self._join(node)
            return
        self._compute(node, outs)

    def _compute(self, node: Node, outs: Sequence[str]) -> None:
        self._write(node, [self.names[value] for value in node.ins], outs)

    def _write(self, node: Node, ins: Sequence[str], outs: Sequence[str]) -> None:
        """Have a primitive write its statements on these arrays."""
        inner = Code(
            tuple(ins),
            tuple(outs),
            tuple([self._lying(value.type) for value in node.ins]),
            tuple([self._lying(value.type) for value in node.outs]),
            self.code.names,
            spent=self.places.spent(node),
        )
        self._lying_op(node).numpy(inner)
        inner.done()
        self._take(inner)

    def _lying(self, type: TensorType) -> TensorType:
        """The type of an array of the step that holds a value of this type."""
        return type

    def _lying_op(self, node: Node) -> Op:
        """The primitive that does on arrays of the step what that of a node does on their values."""
        return node.op

    def _take(self, inner: Code) -> None:
        """Take over what a primitive wrote; the scratch memory of one serves the next."""
        used: dict[TensorType, int] = {}
        for name, type in inner.scratches:
            number = used[type] = used.get(type, 0) + 1
            known = self.scratch.setdefault(type, [])
            if number <= len(known):
                self.code.views.append((name, known[number - 1]))
            else:
                known.append(name)
                self._scratch(name, type)
        for name, expression in inner.views:
            self._view(expression, name)
        self.lines += inner.lines
        self.code.kernels |= inner.kernels
        self.code.functions |= inner.functions

    def _scratch(self, name: str, type: TensorType) -> None:
        """Scratch memory of this type under a name that is taken for it."""
        self.code.scratches.append((name, type))

    def _join(self, node: Node) -> None:
        """Operands that were not written in their place are copied there."""
        op = node.op
        assert isinstance(op, Concat)
        start: Dim = 0
        for value in node.ins:
            stop = start + value.type.shape[op.axis]
            home = self.places.found[value]
            if home.part is None or home.part[0].value is not node.outs[0]:
                piece = self._view(self._cut(self.names[node.outs[0]], op.axis, start, stop))
                self.lines.append(f"np.copyto({piece}, {self.names[value]})")
            start = stop

    def _end(self, rows: Sequence[Value]) -> None:
        """The outputs that are no row of a stack, the totals, and the states that did not write themselves."""
        for place, (value, stack) in enumerate(self.stacks.items()):
            if value not in rows:
                step = self._stepped(stack, value.type, turned=place in self.turned[1])
                self.lines.append(f"np.copyto({step}, {self.names[value]})")
        for value, total in zip(self.body.totals, self.totals, strict=True):
            self.before.append(f"{total}.fill(0)")
            summed = self._outside(total, value.type)
            self.lines.append(f"np.add({summed}, {self.names[value]}, out={summed})")
        kept: dict[Value, str] = {}
        for _, after in self.copied:
            if after in self.body.states and after not in kept:
                # The value of another state, which may be overwritten first.
                kept[after] = self._array(after.type)
                self.lines.append(f"np.copyto({kept[after]}, {self.names[after]})")
        self.lines += [f"np.copyto({last}, {kept.get(after, self.names[after])})" for last, after in self.copied]

    def _emit(self) -> None:
        for line in self.before:
            self.code(line)
        used = set(NAME.findall("\n".join(self.lines)))
        names = [name for name in self.lists if name in used]
        lists = [self.lists[name] for name in names]
        if len(names) > 1:
            self.code(f"for {', '.join(names)} in zip({', '.join(lists)}):")
        elif names:
            self.code(f"for {names[0]} in {lists[0]}:")
        elif self.lines:
            self.code(f"for _ in range({self.code.size(self.steps)}):")
        for line in self.lines:
            self.code(f"    {line if self.code.fast else self._short(line)}")
        for line in self.after:
            self.code(line)

    def _short(self, line: str) -> str:
        """A statement with NumPy's function as a name of its own and no keyword: of a step as small as a cell's, the
        search for both takes a fiftieth of the time."""
        match = _CALL.match(line)
        if match is None:
            return line
        indent, function, operands, out = match.groups()
        self.code.functions.add(function)
        return f"{indent}{function}({operands}{f', {out}' if out else ''})"
