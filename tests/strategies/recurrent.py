"""Random recurrent networks: bundled cells in all their forms and cells of their own, with every option of a use."""

from __future__ import annotations

import random

OWN = """cell mgu(units) {
  state h[units]
  f = (in, h) -> fc(units) -> sigmoid
  n = (in, f * h) -> fc(units) -> tanh
  h' = (1 - f) * h + f * n
  output h'
}
cell leaky(units, keep = 0.9) {
  state h[units]
  param slope[units] = ones
  h' = keep * h + (1 - keep) * slope * ((in, h) -> fc(units) -> tanh)
  steady = h' -> layernorm
  output steady
}
cell drawn(maps) {
  state h[maps, in.height, in.width]
  h' = (in, h) -> conv(maps, 3, pad = same) -> tanh
  output h'
}
cell joined(units) from a, b {
  state h[units], s[units]
  s' = 0.5 * s + (a -> fc(units))
  h' = (s', b, h) -> fc(units) -> tanh
  output h', s'
}
"""
# Cells that take their units alone.
PLAIN = ("lstm", "gru", "elman", "mgu", "leaky")


def make(seed: int) -> str:
    """The text of a net with one to four statements that run over time, one after the other."""
    return f"{OWN}net made {{\n{_Net(random.Random(seed)).text()}}}\n"


class _Net:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.lines: list[str] = []
        self.count = 0
        self.outputs: list[str] = []

    def likely(self, share: float) -> bool:
        return self.chance.random() < share

    def fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def text(self) -> str:
        chance = self.chance
        steps = chance.choice(("T", "T", "T", "4"))
        self.lengths = self.likely(0.3)
        dtype = "f64" if self.likely(0.1) else "f32"
        value, images = "x", self.likely(0.1)
        if images:
            self.lines.append(f"input x: {dtype}[N, {steps}, {chance.randint(1, 3)}, 4, 5]")
        elif self.likely(0.3):
            self.lines += [f"input text: i64[N, {steps}]", f"x = text -> embed(9, {chance.randint(1, 6)})"]
        else:
            self.lines.append(f"input x: {dtype}[N, {steps}, {chance.randint(1, 6)}]")
        if self.lengths:
            self.lines.append("input lengths: i64[N]")
        for _ in range(chance.randint(1, 4)):
            value = self.drawn(value) if images else self.step(value)
        if not images and self.likely(0.3):
            value = self.bind(
                f"{value} -> {self.cell()}({', '.join([*self.sizes(), 'return = last', *self.options()])})"
            )
            value = self.bind(f"{value} -> fc({chance.randint(1, 4)})")
        outputs = list(dict.fromkeys([value, *self.outputs]))
        return "".join(f"  {line}\n" for line in [*self.lines, f"output {', '.join(outputs)}"])

    def bind(self, text: str) -> str:
        name = self.fresh()
        self.lines.append(f"{name} = {text}")
        return name

    def drawn(self, value: str) -> str:
        return self.bind(f"{value} -> drawn({', '.join(['2', *self.options(layers=False)])})")

    def step(self, value: str) -> str:
        chance = self.chance
        match chance.randrange(6):
            case 0:
                return self.bind(f"{value} -> {chance.choice(('layernorm', 'dropout(0.3)', 'fc(5) -> tanh'))}")
            case 1:
                first, second, other = self.fresh(), self.fresh(), self.bind(f"{value} -> mean(axis = 1) -> fc(3)")
                fed = f"({value}, {chance.choice((value, other))})"
                self.lines.append(f"{first}, {second} = {fed} -> joined({chance.randint(1, 4)})")
                self.outputs.append(second)
                return first
            case 2:
                return self.continued(value)
            case 3:
                left, right = (self.bind(f"{value} -> {chance.choice(PLAIN)}(3)") for _ in range(2))
                return self.bind(f"{left} + {right}")
        return self.bind(f"{value} -> {self.cell()}({', '.join([*self.sizes(), *self.options()])})")

    def continued(self, value: str) -> str:
        """A cell whose last state another one starts from."""
        first, state, second = self.fresh(), self.fresh(), self.fresh()
        kind = self.chance.choice(("gru", "elman", "mgu"))
        reverse = ", reverse = yes" if self.likely(0.3) else ""
        self.lines.append(f"{first}, {state} = {value} -> {kind}(4, states = yes{reverse})")
        self.lines.append(f"{second} = {self.chance.choice((value, first))} -> {kind}(4, h = {state})")
        self.outputs.append(self.chance.choice((first, state, second)))
        return second

    def cell(self) -> str:
        self.kind = self.chance.choice((*PLAIN, "lstm", "gru", "elman", "jordan"))
        return self.kind

    def sizes(self) -> list[str]:
        """The arguments of the cell that was drawn last."""
        chance, units = self.chance, str(self.chance.randint(1, 6))
        flags = ("yes", "no", "no")
        match self.kind:
            case "lstm":
                return [units, f"peephole = {chance.choice(flags)}", f"coupled = {chance.choice(flags)}", self.biases()]
            case "gru":
                after = self.likely(0.6)
                return [units, f"reset = {'after' if after else 'before'}", *([self.biases()] if after else [])]
            case "elman":
                return [
                    units,
                    f"activation = {chance.choice(('tanh', 'relu', 'sigmoid', 'hardsigmoid'))}",
                    self.biases(),
                ]
            case "jordan":
                return [units, str(chance.randint(1, 4))]
        return [units]

    def biases(self) -> str:
        return f"biases = {self.chance.randint(1, 2)}"

    def options(self, *, layers: bool = True) -> list[str]:
        found = []
        if self.likely(0.3):
            found.append("reverse = yes")
        elif self.likely(0.4):
            found.append(f"bidirectional = {self.chance.choice(('concat', 'sum')) if layers else 'sum'}")
        if layers and self.likely(0.3):
            found.append("layers = 2")
        if self.lengths and self.likely(0.7):
            found.append("lengths = lengths")
        return found
