"""Random cells that are right, as texts: states, blocks, loops, conditions and sharing among their equations, and uses
of them with any options."""

from __future__ import annotations

import random

from hypothesis import strategies as st

ACTIVATIONS = ("tanh", "sigmoid", "relu", "leaky_relu(0.2)", "identity", "layernorm", "dropout(0.5)")
BLOCKS = """block gate(units, act) {
  fc(units) -> act
}

block pair(units) from a, b {
  low = (a, b) -> fc(units, bias = each)
  high = a * sigmoid(b)
  output low, high
}

block gain(units) {
  param f[units] = ones
  in * f
}

block with_shared(f) {
  relu -> f -> tanh
}
"""


class CellMaker:
    """Makes the equations of one cell; `known` are the names of its values, all of the same size."""

    def __init__(self, chance: random.Random, name: str) -> None:
        self.chance = chance
        self.name = name
        self.count = 0
        self.lines: list[str] = []
        self.states = [f"s{place}" for place in range(chance.randint(1, 3))]
        self.unwritten = list(self.states)
        self.known = list(self.states)
        self.inputs = chance.choice((1, 1, 1, 2))

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def value(self) -> str:
        return self.chance.choice(self.known)

    def act(self) -> str:
        return self.chance.choice((*ACTIVATIONS, "act"))

    def expression(self) -> str:
        a, b, c = self.value(), self.value(), self.value()
        return self.chance.choice(
            (
                f"{a} {self.chance.choice('+-*')} {b}",
                f"{a} * {b} + {c}",
                f"(1 - {a}) * {b} + {a} * {c}",
                f"-({a})",
                f"{a} -> {self.act()}",
                f"{a} * tanh({b})",
                f"sigmoid({a}) * {b} - 0.5",
                f"{a} * tanh({b}) + sigmoid({c})",
                f"({a}, {b}) -> fc(units) -> {self.act()}",
                f"{a} -> gate(units, {self.act()})",
                f"({a} -> fc(units, bias = no)) + {b}",
                f"{a} -> gain(units)",
                f"{b}",
            )
        )

    def statement(self) -> list[str]:
        target = self.fresh("v")
        if self.unwritten and self.chance.random() < 0.4:
            state = self.unwritten.pop(self.chance.randrange(len(self.unwritten)))
            target = f"{state}'"
        match self.chance.randrange(8):
            case 0:
                other = self.fresh("v")
                made = [f"{target}, {other} = ({self.value()}, {self.value()}) -> pair(units)"]
                self.known.append(other)
            case 1:
                made = [f"if deep {{ {target} = {self.expression()} }} else {{ {target} = {self.expression()} }}"]
            case 2:
                body = self.chance.choice((f"fc(units) -> {self.act()}", "it * 0.5", self.act()))
                made = [self.value(), f"repeat {self.chance.randint(1, 3)} {{ {body} }}", f"{target} = it"]
            case 3:
                shared = self.fresh("f")
                use = self.chance.choice((f"{shared} -> tanh -> {shared}", f"with_shared({shared})"))
                made = [f"let {shared} = fc(units)", f"{target} = {self.value()} -> {use}"]
            case _:
                made = [f"{target} = {self.expression()}"]
        self.known.append(target)
        return made

    def text(self) -> str:
        first = ["", " = 0.5", " = -1", " = p0"]
        slots = ", ".join(f"{state}[units]{self.chance.choice(first)}" for state in self.states)
        self.lines += ["param p0[units] = normal(0.3)"] if "p0" in slots else []
        self.lines.append(f"state {slots}")
        names = "" if self.inputs == 1 else " from x, y"
        fed = "in" if self.inputs == 1 else "x, y"
        self.lines.append(f"drive = ({fed}, {self.value()}) -> fc(units)")
        self.known.append("drive")
        for _ in range(self.chance.randint(1, 5)):
            self.lines += self.statement()
        for state in self.unwritten:
            self.lines.append(f"{state}' = {self.chance.choice((self.expression(), 'drive', self.value()))}")
            self.known.append(f"{state}'")
        self.outputs = self.chance.sample(self.known, self.chance.choice((1, 1, 1, 2)))
        if len(self.outputs) > 1 or self.chance.random() < 0.8:
            self.lines.append(f"output {', '.join(self.outputs)}")
        else:
            self.lines.append(self.outputs[0])
        body = "\n  ".join(self.lines)
        return f"cell {self.name}(units, deep, act = tanh){names} {{\n  {body}\n}}\n"


def make(seed: int) -> str:
    """A file with one or two cells and a net that uses them."""
    chance = random.Random(seed)
    makers = [CellMaker(chance, f"own{place}") for place in range(chance.randint(1, 2))]
    cells = [maker.text() for maker in makers]
    blocks = []
    lines = ["input x: f32[N, T, 3]", "input z: f32[N, T, 3]", "input n: i64[N]"]
    outputs = []
    for place in range(chance.randint(1, 3)):
        maker = chance.choice(makers)
        names, use = _use(chance, maker, place)
        fed = "x" if maker.inputs == 1 else "(x, z)"
        if len(names) == maker.inputs == 1 and chance.random() < 0.3:
            inside = use.replace("lengths = n", "lengths = steps")
            blocks.append(f"block wrap{place}(steps) {{\n  {inside}\n  it * 0.5 -> tanh\n}}\n")
            use = f"wrap{place}(steps = n)"
        elif chance.random() < 0.2:
            lines.append(f"let c{place} = {use}")
            lines.append(f"{', '.join(f'{name}b' for name in names)} = {fed} -> c{place}")
            use = f"c{place}"
            outputs += [f"{name}b" for name in names]
        lines.append(f"{', '.join(names)} = {fed} -> {use}")
        outputs += names
    lines.append(f"output {', '.join(outputs)}")
    return "\n".join([BLOCKS, *cells, *blocks, "net t {\n  " + "\n  ".join(lines) + "\n}\n"])


def _use(chance: random.Random, maker: CellMaker, place: int) -> tuple[list[str], str]:
    """The names of the results of a use, and its text."""
    arguments = [str(chance.randint(2, 4)), chance.choice(("yes", "no"))]
    if chance.random() < 0.5:
        arguments.append(f"act = {chance.choice(ACTIVATIONS)}")
    names = [f"y{place}_{number}" for number in range(len(maker.outputs))]
    if chance.random() < 0.3:
        names += [f"e{place}_{state}" for state in maker.states]
        arguments.append("states = yes")
    else:
        if chance.random() < 0.3:
            arguments.append(f"bidirectional = {chance.choice(('concat', 'sum'))}")
        if chance.random() < 0.3 and len(maker.outputs) == maker.inputs:
            arguments.append("layers = 2")
    if chance.random() < 0.3:
        arguments.append("lengths = n")
    if chance.random() < 0.3:
        arguments.append("return = last")
    if chance.random() < 0.2 and not any(text.startswith("bi") for text in arguments):
        arguments.append("reverse = yes")
    return names, f"{maker.name}({', '.join(arguments)})"


cells = st.integers(0, 2**32).map(make)
