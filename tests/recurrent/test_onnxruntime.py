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

# For each gate of an operator, in its order: where the cell has its weights. Only of a GRU that resets after the
# product, the gate `h` has a layer of its own for the state.
GATES = {
    "LSTM": {"i": "i.drive", "o": "o.drive", "f": "f.drive", "c": "g.fc1"},
    "GRU": {"z": "z.fc1", "r": "r.fc1", "h": "n.fc1"},
    "RNN": {"h": "h.fc1"},
}
PEEPHOLES = ("i", "o", "f")


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
        gates, direction = GATES[self.op], self.directions[place]
        w, r = (np.split(self.arrays[name][place], len(gates)) for name in "WR")
        b = np.split(self.arrays["B"][place], 2 * len(gates))
        for number, (gate, where) in enumerate(gates.items()):
            name = f"{direction}.{where}"
            yield f"{name}.weight", w[number]
            own = (b[number], b[number + len(gates)])
            if self.op == "GRU" and gate == "h":
                if self.facts["linear_before_reset"]:
                    yield f"{direction}.n.fc2.weight", r[number]
                    yield f"{name}.bias", own[0]
                    yield f"{direction}.n.fc2.bias", own[1]
                else:
                    # One product of both, and one bias for it.
                    yield f"{name}.weight2", r[number]
                    yield f"{name}.bias", own[0] + own[1]
                continue
            yield f"{name}.weight2", r[number]
            yield f"{name}.bias", own[0]
            yield f"{name}.bias2", own[1]
        if self.facts["peephole"]:
            for gate, part in zip(PEEPHOLES, np.split(self.arrays["P"][place], len(PEEPHOLES)), strict=True):
                yield f"{direction}.{gate}.weight", part[None]


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
    """As many as the operator has, but for the second bias of a gate that is one product."""
    case = Case(key)
    joined = case.op == "GRU" and not case.facts["linear_before_reset"]
    fewer = case.facts["hidden"] * len(case.directions) if joined else 0
    params = netc.loads(case.text()).analyze().totals.params
    assert params == case.facts["params"] - fewer


@pytest.mark.parametrize("key", [key for key, facts in CASES.items() if facts["op"] != "RNN"])
def test_the_cases_can_tell_gates_apart(key: str) -> None:
    """Weights of another gate in the place of one give another result, in every case."""
    case = Case(key)
    trainer = netc.loads(case.text()).trainer(N=case.facts["batch"], T=case.facts["steps"])
    weights = case.weights()
    first, second = (f"forward.{where}.weight" for where in list(GATES[case.op].values())[:2])
    trainer.load_state_dict(weights | {first: weights[second], second: weights[first]})
    wanted = case.outputs()["forward"]
    assert np.abs(trainer.forward(**case.inputs())["forward"] - wanted).max() > 1e-2 * np.abs(wanted).max()
