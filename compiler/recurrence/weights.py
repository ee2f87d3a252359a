"""The weights of the bundled cells, as PyTorch names and stacks them.

The equations of a cell read a matrix and a bias for each gate. A checkpoint holds those of all gates one below the
other: `weight_ih_l0` [gates · units, features] of the input, `weight_hh_l0` [gates · units, units] of the state,
`bias_ih_l0` and `bias_hh_l0` [gates · units], in the order i, f, g, o of an LSTM and r, z, n of a GRU. `_l1` is the
second layer, `_reverse` the direction backwards of two. PyTorch has no peepholes: `weight_ch_l0` [gates, units].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# What a gate is made of, by the letter of its part: the weight and bias of the input (w, b), those of the state (r, c),
# and the weight of the peephole (p).
PARTS = {"w": "weight_ih", "r": "weight_hh", "b": "bias_ih", "c": "bias_hh", "p": "weight_ch"}

# The gates of each cell in PyTorch's order, as the cells name them.
GATES = {"lstm": "ifgo", "gru": "rzn", "elman": "h"}

# The gate and part of each weight.
Roles = tuple[tuple[str, str], ...]


def roles(name: str, arguments: Mapping[str, str]) -> Roles:
    """The gate and part of each weight of a bundled cell, in the order in which its equations make them; none of a cell
    whose weights are named by its equations."""
    if name not in GATES:
        return ()
    full = ("w", "b", "r", "c") if arguments["biases"] == "2" else ("w", "b", "r")
    gates = GATES[name].replace("f", "") if arguments.get("coupled") == "yes" else GATES[name]
    peephole = ("p",) if arguments.get("peephole") == "yes" else ()
    return tuple((gate, part) for gate in gates for part in (*full, *(peephole if gate != "g" else ())))


def packs(of: Roles, suffix: str) -> Mapping[str, Sequence[int]]:
    """The numbers of the weights that are stacked under each name, which ends in `suffix`."""
    found = {
        f"{name}{suffix}": [number for number, (_, part) in enumerate(of) if part == letter]
        for letter, name in PARTS.items()
    }
    return {name: numbers for name, numbers in found.items() if numbers}
