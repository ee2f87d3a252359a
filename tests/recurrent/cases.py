"""Recurrent layers that PyTorch has too: a spec for each, with weights and arrays drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from netc.runtime.trainer import Trainer

Array = NDArray[np.float64]
FEATURES, UNITS, SAMPLES, STEPS = 2, 3, 3, 5
LENGTHS = np.array([3, 5, 1])


@dataclass(frozen=True)
class Case:
    """A layer of this kind; `states` gives and takes states, `lengths` has samples of `LENGTHS` steps."""

    kind: str
    layers: int = 1
    both: bool = False
    lengths: bool = False
    states: bool = False

    @property
    def name(self) -> str:
        options = {"both": self.both, "lengths": self.lengths, "states": self.states}
        return " ".join([self.kind, str(self.layers), *(option for option, given in options.items() if given)])

    @property
    def width(self) -> int:
        return UNITS * (2 if self.both else 1)

    @property
    def state_names(self) -> tuple[str, ...]:
        return () if not self.states else ("h", "c") if self.kind == "lstm" else ("h",)

    def spec(self) -> str:
        given = [f"layers = {self.layers}"] if self.layers > 1 else []
        given += ["bidirectional = concat"] if self.both else []
        given += ["lengths = lengths"] if self.lengths else []
        given += ["states = yes", *(f"{name} = {name}0" for name in self.state_names)] if self.states else []
        names = ", ".join(["y", *self.state_names])
        lines = [
            f"input x: f32[N, T, {FEATURES}]",
            *(["input lengths: i64[N]"] if self.lengths else []),
            *(f"input {name}0: f32[N, {UNITS}]" for name in self.state_names),
            f"target wanted: f32[N, T, {self.width}]",
            f"{names} = x -> {self.kind}({', '.join([str(UNITS), *given])})",
            f"output {names}",
            "train { loss = mse(y, wanted); optimizer = sgd(lr = 0.5, momentum = 0.9) }",
        ]
        return "net t {\n  " + "\n  ".join(lines) + "\n}\n"

    def arrays(self) -> dict[str, Array]:
        """What is fed, the target among it; the lengths as floats that are whole."""
        rng = np.random.default_rng(crc32(self.name.encode()))
        found = {"x": rng.normal(size=(SAMPLES, STEPS, FEATURES))}
        found |= {f"{name}0": rng.normal(size=(SAMPLES, UNITS)) for name in self.state_names}
        found["wanted"] = rng.normal(size=(SAMPLES, STEPS, self.width))
        return found | ({"lengths": LENGTHS.astype(float)} if self.lengths else {})

    def weights(self, trainer: Trainer) -> dict[str, Array]:
        """Weights by name, those of each alone."""
        state = trainer.state_dict()
        return {
            name: np.random.default_rng(crc32(f"{self.name} {name}".encode())).normal(0, 0.5, array.shape)
            for name, array in state.items()
        }


CASES = {
    case.name: case
    for kind in ("lstm", "gru", "elman")
    for case in (
        *(Case(kind, layers, both) for layers in (1, 2) for both in (False, True)),
        Case(kind, states=True),
        Case(kind, 2, both=True, lengths=True),
    )
}
