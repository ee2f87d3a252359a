"""Networks of one recurrent layer each: the bundled cells with all their options, and cells that somebody invents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import netc
from netc.compiler.graph.dims import show_shape
from netc.runtime.ports import Port

Array = NDArray[Any]

USES = {
    "elman": "elman(4)",
    "elman biases 1": "elman(4, biases = 1)",
    "elman sigmoid": "elman(4, activation = sigmoid)",
    "elman gelu": "elman(4, activation = gelu)",
    "elman reverse": "elman(4, reverse = yes)",
    "elman bidirectional": "elman(4, bidirectional = concat)",
    "elman bidirectional sum last": "elman(4, bidirectional = sum, return = last)",
    "elman two layers": "elman(4, layers = 2)",
    "jordan": "jordan(4, 2)",
    "jordan tanh": "jordan(4, 2, hidden = tanh, out = tanh)",
    "jordan last": "jordan(4, 2, return = last, reverse = yes)",
    "lstm": "lstm(4)",
    "lstm biases 1": "lstm(4, biases = 1)",
    "lstm peephole": "lstm(4, peephole = yes)",
    "lstm coupled": "lstm(4, coupled = yes)",
    "lstm peephole coupled biases 1": "lstm(4, peephole = yes, coupled = yes, biases = 1)",
    "lstm reverse": "lstm(4, reverse = yes)",
    "lstm reverse last": "lstm(4, reverse = yes, return = last)",
    "lstm bidirectional": "lstm(3, bidirectional = concat)",
    "lstm bidirectional sum": "lstm(3, bidirectional = sum)",
    "lstm two layers": "lstm(3, layers = 2)",
    "lstm two layers bidirectional last": "lstm(3, layers = 2, bidirectional = concat, return = last)",
    "gru": "gru(4)",
    "gru biases 1": "gru(4, biases = 1)",
    "gru before": "gru(4, reset = before)",
    "gru before biases 1": "gru(4, reset = before, biases = 1)",
    "gru reverse": "gru(4, reverse = yes)",
    "gru last": "gru(4, return = last)",
    "gru sequence": "gru(4, return = sequence)",
    "gru bidirectional": "gru(3, bidirectional = concat, reset = before)",
    "gru two layers bidirectional sum": "gru(3, layers = 2, bidirectional = sum)",
}

LENGTHS = {
    "elman": "elman(4, lengths = lengths)",
    "elman reverse": "elman(4, lengths = lengths, reverse = yes)",
    "jordan last": "jordan(4, 2, lengths = lengths, return = last)",
    "lstm": "lstm(4, lengths = lengths)",
    "lstm reverse last": "lstm(4, lengths = lengths, reverse = yes, return = last)",
    "lstm peephole bidirectional": "lstm(3, lengths = lengths, bidirectional = concat, peephole = yes)",
    "lstm coupled two layers last": "lstm(3, lengths = lengths, layers = 2, coupled = yes, return = last)",
    "gru": "gru(4, lengths = lengths)",
    "gru before last": "gru(4, reset = before, lengths = lengths, return = last)",
    "gru two layers bidirectional sum": "gru(3, layers = 2, bidirectional = sum, lengths = lengths)",
}

# Minimal gated unit: Zhou, Wu, Zhang and Zhou, "Minimal gated unit for recurrent neural networks", 2016.
MINIMAL = """cell minimal(units) {
  state h[units]
  f = (in, h) -> fc(units) -> sigmoid
  n = (in, f * h) -> fc(units) -> tanh
  h' = (1 - f) * h + f * n
  output h'
}
"""
# Shi et al., "Convolutional LSTM network", 2015, with its peepholes.
CONVOLUTIONAL = """cell convolutional(maps) {
  state h[maps, in.height, in.width], c[maps, in.height, in.width]
  param pi[maps, in.height, in.width] = normal(0.3)
  param po[maps, in.height, in.width] = normal(0.3)
  i = ((in, h) -> conv(maps, 3, pad = same)) + pi * c -> sigmoid
  f = (in, h) -> conv(maps, 3, pad = same) -> sigmoid
  g = (in, h) -> conv(maps, 3, pad = same, bias = no) -> tanh
  c' = f * c + i * g
  o = ((in, h) -> conv(maps, 3, pad = same)) + po * c' -> sigmoid
  h' = o * tanh(c')
  output h'
}
"""
CONTEXT = """cell told(units) from x, context {
  state h[units]
  gate = context -> fc(units) -> sigmoid
  h' = gate * ((x, h, context) -> fc(units) -> tanh)
  output h'
}
"""
TWO = """cell two(units) from x, y {
  state h[units]
  h' = (x * y, h) -> fc(units) -> tanh
  sum = x + y
  output h', sum
}
"""
CLOCK = """cell clock(units) {
  state h[units] = 0.5
  h' = h -> fc(units) -> tanh
  output h'
}
"""
DELAY = """cell delay() {
  state a[3], b[3] = 0.25, c[3], turn[3] = 1, back[3] = -1
  a' = in -> fc(3) -> tanh
  b' = a
  c' = b
  turn' = back
  back' = turn
  y = c + turn * in
  output y
}
"""
START = """cell started(units) {
  param start[units] = normal(1)
  param slope[units] = normal(1)
  state h[units] = start, still[units] = slope
  h' = (in, h) -> fc(units) -> tanh
  still' = still
  y = h' * still
  output y
}
"""
READ = """cell read(units) {
  state h[units]
  h' = (in, h) -> fc(units) -> tanh
  h' -> fc(2) -> sigmoid
}
"""
PARTS = """block deep(units, depth) {
  repeat depth { fc(units) -> tanh }
}

cell parts(units, depth, gated) {
  state h[units], m[units]
  let shared = fc(units)
  wide = in -> fc(units)
  for scale in [1, 0.5] { scale * it -> shared }
  h' = tanh(it + (h -> shared)) -> deep(units, depth)
  if gated {
    m' = m + sigmoid(h') * (in -> fc(units))
  } else {
    m' = h
  }
  m' -> transposed(shared)
}
"""
INSIDE = """cell inner(units) {
  state h[units]
  h' = (in, h) -> fc(units) -> tanh
  output h'
}

cell outer(units) {
  state s[units]
  words = in -> inner(units)
  end = in -> inner(units, reverse = yes, return = last)
  s' = ((words -> last) + end, s) -> fc(units) -> tanh
  output s'
}
"""
NORMED = """cell normed(units) {
  state h[units]
  drive = (in, h) -> fc(units) -> layernorm -> dropout(0)
  h' = h + 0.5 * tanh(drive)
  h' -> softmax
}
"""
DROPPED = """cell dropped(units) {
  state h[units]
  h' = (in -> dropout(0.5), h) -> fc(units) -> tanh -> dropout(0.25)
  output h'
}
"""
COUNTED = """cell counted() {
  state n[1]
  n' = n + 1
  n' * in
}
"""
SUMMED = """cell summed(units) {
  state total[units], largest[units] = -1
  new = (in, total) -> fc(units) -> tanh
  total' = total + new
  largest' = 0.5 * (largest + new + abs(largest - new))
  output total', largest', new
}
"""

SEQUENCE = "input x: f32[N, T, 3]"
INVENTED = {
    "minimal gated unit": (MINIMAL, SEQUENCE, "y = x -> minimal(4); output y"),
    "minimal bidirectional": (MINIMAL, SEQUENCE, "y = x -> minimal(4, bidirectional = concat, layers = 2); output y"),
    "convolutional": (CONVOLUTIONAL, "input x: f32[N, T, 2, 4, 3]", "y = x -> convolutional(2); output y"),
    "convolutional both ways": (
        CONVOLUTIONAL,
        "input x: f32[N, T, 1, 3, 3]",
        "y = x -> convolutional(2, bidirectional = concat, return = last); output y",
    ),
    "one input at every step": (
        CONTEXT,
        f"{SEQUENCE}; input c: f32[N, 2]",
        "y = (x, c) -> told(4); output y",
    ),
    "two sequences": (
        TWO,
        f"{SEQUENCE}; input z: f32[N, T, 3]",
        "y, sum = (x, z) -> two(4); output y, sum",
    ),
    "input never read": (CLOCK, SEQUENCE, "y = x -> clock(4); output y"),
    "delay line": (DELAY, SEQUENCE, "y, a, b, c, turn, back = x -> delay(states = yes); output y, a, b, c, turn, back"),
    "start is a parameter": (START, SEQUENCE, "y, h, still = x -> started(4, states = yes); output y, h, still"),
    "output no state, last": (READ, SEQUENCE, "y = x -> read(4, return = last); output y"),
    "output no state, last, reverse": (READ, SEQUENCE, "y = x -> read(4, return = last, reverse = yes); output y"),
    "block, loop, shared": (PARTS, SEQUENCE, "y = x -> parts(4, 2, yes); z = x -> parts(4, 1, no); output y, z"),
    "cell in a cell": (INSIDE, "input x: f32[N, T, 3, 2]", "y = x -> outer(3); output y"),
    "layernorm and dropout(0)": (NORMED, SEQUENCE, "y = x -> normed(4); output y"),
    "dropout": (DROPPED, SEQUENCE, "y = x -> dropped(6); output y"),
    "counter": (COUNTED, SEQUENCE, "y = x -> fc(3) -> counted; output y"),
    "three outputs, last": (SUMMED, SEQUENCE, "a, b, c = x -> summed(4, return = last); output a, b, c"),
    # What loops and other nodes read of one stack, states that are each other's, a state before its step as an output.
    "states and gates as outputs": (
        """cell many(units) {
  state a[units], b[units]
  u = (in, a) -> fc(units) -> sigmoid
  v = (in, a) -> fc(units) -> tanh
  a' = u * v
  b' = u + v * b
  output a, u, b'
}
""",
        SEQUENCE,
        "y, z, q = x -> many(3); output y, z, q",
    ),
    "swapped states": (
        """cell swapped(units) {
  state a[units], b[units]
  u = (in, a) -> fc(units) -> sigmoid
  v = (in, a) -> fc(units) -> tanh
  b' = u * v + b
  a' = b
  output b'
}
""",
        SEQUENCE,
        "y = x -> swapped(3); output y",
    ),
    "gates joined": (
        """cell joined(units) {
  state a[units]
  param p[units] = normal(0.3)
  u = (in, a) -> fc(units) -> sigmoid
  v = (in, a) -> fc(units) -> gelu
  w = (u, v * p) -> concat
  a' = w -> fc(units) -> relu
  output w, a'
}
""",
        SEQUENCE,
        "y, z = x -> joined(3, reverse = yes); output y, z",
    ),
    # The gradient of a weight reads a part of a product of the state, after the loop back.
    "product of a product": (
        """cell deeper(units) {
  state a[units]
  u = a -> fc(units)
  a' = (u, a) -> fc(units, bias = no) -> tanh
  output a'
}
""",
        SEQUENCE,
        "y = x -> deeper(3); output y",
    ),
    "one input for all steps": (
        """cell given(units) from x, c {
  state a[units]
  u = (x, a) -> fc(units) -> sigmoid
  v = (c, a) -> fc(units) -> tanh
  a' = u * v + c * a
  output a'
}
""",
        f"{SEQUENCE}; input c: f32[N, 3]",
        "y = (x, c) -> given(3); output y",
    ),
    "biases of a state and of what all steps read": (
        """cell biased(units) from x, c {
  state a[units]
  a' = (a, c) -> fc(units, bias = each) -> tanh
  output a'
}
""",
        f"{SEQUENCE}; input c: f32[N, 2]",
        "y = (x, c) -> biased(3); output y",
    ),
    "shared cell": (
        MINIMAL,
        f"{SEQUENCE}; input z: f32[N, T, 3]",
        "let cell_of = minimal(4); y = x -> cell_of; w = z -> cell_of(); output y, w",
    ),
    "encoder and decoder": (
        "",
        f"{SEQUENCE}; input z: f32[N, T, 2]",
        "y, h = x -> gru(4, states = yes); w = z -> gru(4, h = h); output w",
    ),
    "states of an lstm": (
        "",
        f"{SEQUENCE}; input s: f32[N, 4]",
        "y, h, c = x -> lstm(4, states = yes, h = s, c = tanh(s), reverse = yes); output y, h, c",
    ),
}


def texts() -> dict[str, str]:
    """The text of each network, without targets."""
    made = {name: _text("", SEQUENCE, f"y = x -> {use}; output y") for name, use in USES.items()}
    made |= {
        f"{name}, lengths": _text("", f"{SEQUENCE}; input lengths: i64[N]", f"y = x -> {use}; output y")
        for name, use in LENGTHS.items()
    }
    return made | {name: _text(*parts) for name, parts in INVENTED.items()}


def _text(cells: str, inputs: str, body: str) -> str:
    lines = "\n  ".join([*inputs.split("; "), *body.split("; ")])
    return f"{cells}\nnet t {{\n  {lines}\n}}\n"


def trained(text: str) -> str:
    """The network with a target for each output, and a loss of all."""
    outputs = {port.name: show_shape(port.value.type.shape) for port in netc.loads(text).network.graph.outputs}
    targets = "".join(f"  target {name}_target: f32{shape}\n" for name, shape in outputs.items())
    loss = " + ".join(f"mse({name}, {name}_target)" for name in outputs)
    train = f"  train {{ loss = {loss}; optimizer = sgd(lr = 0.1) }}\n"
    return text.rstrip().removesuffix("}") + targets + train + "}\n"


def lively(weights: Mapping[str, Array], seed: int = 0) -> dict[str, Array]:
    """Random weights, none of them the constant that it starts as."""
    rng = np.random.default_rng(seed)
    return {name: (array + rng.normal(0, 0.3, array.shape)).astype(array.dtype) for name, array in weights.items()}


def batch(ports: tuple[Port, ...], sizes: Mapping[str, int], seed: int = 0) -> dict[str, Array]:
    """Random arrays for these ports; `lengths` go from 1 to T, and both are among them where there is room."""
    rng = np.random.default_rng(seed)
    found = {}
    for port in ports:
        shape = port.at(sizes)
        if port.name == "lengths":
            found[port.name] = rng.permutation([sizes["T"], 1, *rng.integers(1, sizes["T"] + 1, 64)][: shape[0]])
        else:
            found[port.name] = rng.normal(size=shape)
    return found


def reading(cell: str) -> str:
    """A net that reads a sequence through a cell, which may start from `start` and end after `many` steps."""
    many = "input many: i64[N]\n" if "many" in cell else ""
    return f"""net own {{
  input x: f32[N, T, 2]
  {many}target t: i64[N, T]
  start = x -> mean(axis = 1) -> fc(3)
  x -> {cell}
  logits = fc(4)
  output logits
  train {{ loss = cross_entropy; optimizer = sgd(lr = 0.1) }}
}}
"""
