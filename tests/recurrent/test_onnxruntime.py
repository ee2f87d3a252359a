"""The bundled cells against the recurrent operators of onnxruntime: the NumPy program, and both forms of the export.

`onnxruntime.json` holds the cases, `onnxruntime.npz` their arrays; the former says where they come from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import netc
from netc.compiler.export.export import export
from netc.compiler.export.model import to_bytes
from netc.runtime.session import Session

Array = NDArray[Any]
HERE = Path(__file__).parent
CASES: dict[str, dict[str, Any]] = json.loads((HERE / "onnxruntime.json").read_text())["cases"]

# The gates of each operator in its order, and in that of a checkpoint.
GATES = {"LSTM": ("iofc", "ifco"), "GRU": ("zrh", "rzh"), "RNN": ("h", "h")}
PEEPHOLES = ("iof", "ifo")


def turned(stacked: Array, orders: tuple[str, str]) -> Array:
    """What is stacked gate by gate in one order, in the other."""
    parts = dict(zip(orders[0], np.split(stacked, len(orders[0])), strict=True))
    return np.concatenate([parts[gate] for gate in orders[1]])


class Case:
    """A case with its arrays, as netc has them: batch first, weights by name."""

    def __init__(self, key: str) -> None:
        self.facts = CASES[key]
        with np.load(HERE / "onnxruntime.npz") as arrays:
            own = {name: arrays[name] for name in arrays.files if name.startswith(f"{key}_")}
        self.arrays = {name.removeprefix(f"{key}_"): array for name, array in own.items()}
        self.op: str = self.facts["op"]
        self.states = ("h", "c") if self.op == "LSTM" else ("h",)
        self.directions = {"forward": ["forward"], "bidirectional": ["forward", "backward"]}[self.facts["direction"]]

    def use(self) -> str:
        """The cell with its own arguments."""
        hidden = self.facts["hidden"]
        if self.op == "LSTM":
            return f"lstm({hidden}, peephole = {'yes' if self.facts['peephole'] else 'no'}"
        if self.op == "GRU":
            return f"gru({hidden}, reset = {'after' if self.facts['linear_before_reset'] else 'before'}"
        return f"elman({hidden}, activation = {self.facts['activation'].lower()}"

    def text(self) -> str:
        """A network of one use for each direction, with the last states."""
        lines = [f"input x: f32[N, T, {self.facts['input']}]"]
        for direction in self.directions:
            given = ""
            if self.facts["initial_state"]:
                firsts = {state: f"{direction}_{state}0" for state in self.states}
                lines += [f"input {first}: f32[N, {self.facts['hidden']}]" for first in firsts.values()]
                given = "".join(f", {state} = {first}" for state, first in firsts.items())
            names = ", ".join([direction, *(f"{direction}_{state}" for state in self.states)])
            reverse = ", reverse = yes" if direction == "backward" else ""
            lines += [f"{names} = x -> {self.use()}{given}, states = yes{reverse})", f"output {names}"]
        return "net t {\n  " + "\n  ".join(lines) + "\n}"

    def inputs(self) -> dict[str, Array]:
        found = {"x": self.arrays["X"].swapaxes(0, 1)}
        if self.facts["initial_state"]:
            for place, direction in enumerate(self.directions):
                found |= {f"{direction}_{state}0": self.arrays[f"{state}0"][place] for state in self.states}
        return found

    def outputs(self) -> dict[str, Array]:
        found = {}
        for place, direction in enumerate(self.directions):
            found[direction] = self.arrays["Y"][:, place].swapaxes(0, 1)
            found |= {f"{direction}_{state}": self.arrays[f"Y_{state}"][place] for state in self.states}
        return found

    def weights(self) -> dict[str, Array]:
        return {name: array for place in range(len(self.directions)) for name, array in self._direction(place)}

    def _direction(self, place: int) -> Iterator[tuple[str, Array]]:
        orders, direction = GATES[self.op], self.directions[place]
        own = {key: self.arrays[key][place] for key in "WRBP" if key in self.arrays}
        yield f"{direction}.weight_ih_l0", turned(own["W"], orders)
        yield f"{direction}.weight_hh_l0", turned(own["R"], orders)
        first, second = (turned(half, orders) for half in np.split(own["B"], 2))
        if self.op == "GRU" and not self.facts["linear_before_reset"]:
            # One bias.
            yield f"{direction}.bias_ih_l0", first + second
        else:
            yield f"{direction}.bias_ih_l0", first
            yield f"{direction}.bias_hh_l0", second
        if self.facts["peephole"]:
            yield f"{direction}.weight_ch_l0", turned(own["P"], PEEPHOLES).reshape(3, -1)


def near(found: dict[str, Array], wanted: dict[str, Array]) -> None:
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert found[name].shape == array.shape, name
        assert np.abs(found[name] - array).max() <= 1e-5 * np.abs(array).max(), name


@pytest.mark.parametrize("key", CASES)
def test_the_numpy_program(key: str) -> None:
    case = Case(key)
    trainer = netc.loads(case.text()).trainer(N=case.facts["batch"], T=case.facts["steps"])
    trainer.load_state_dict(case.weights())
    near(trainer.forward(**case.inputs()), case.outputs())


@pytest.mark.parametrize("lower_rnn", [False, True], ids=["operator", "scan"])
@pytest.mark.parametrize("key", CASES)
def test_the_exported_model(key: str, lower_rnn: bool) -> None:
    case = Case(key)
    proto = export(netc.loads(case.text()).network, case.weights(), lower_rnn=lower_rnn).proto
    kinds = [node.op_type for node in proto.graph.node if node.op_type in (*GATES, "Scan")]
    assert kinds == ["Scan" if lower_rnn else case.op] * len(case.directions)
    near(Session(to_bytes(proto)).run(case.inputs()), case.outputs())


@pytest.mark.parametrize("key", CASES)
def test_the_number_of_parameters(key: str) -> None:
    """As many as the operator has, but for the second bias of a GRU that resets before the product."""
    case = Case(key)
    joined = case.op == "GRU" and not case.facts["linear_before_reset"]
    fewer = 3 * case.facts["hidden"] * len(case.directions) if joined else 0
    params = netc.loads(case.text()).analyze().totals.params
    assert params == case.facts["params"] - fewer


@pytest.mark.parametrize("key", [key for key, facts in CASES.items() if facts["op"] != "RNN"])
def test_the_cases_can_tell_gates_apart(key: str) -> None:
    """Weights of another gate in the place of one give another result, in every case."""
    case = Case(key)
    trainer = netc.loads(case.text()).trainer(N=case.facts["batch"], T=case.facts["steps"])
    weights = case.weights()
    name, size = "forward.weight_ih_l0", case.facts["hidden"]
    swapped = np.concatenate([weights[name][size : 2 * size], weights[name][:size], weights[name][2 * size :]])
    trainer.load_state_dict(weights | {name: swapped})
    wanted = case.outputs()["forward"]
    assert np.abs(trainer.forward(**case.inputs())["forward"] - wanted).max() > 1e-2 * np.abs(wanted).max()
