"""The layers of `cases` in PyTorch, and what PyTorch makes of them; run as a module it writes `pytorch.json`.

python -m tests.recurrent.pytorch
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import netc

from .cases import CASES, FEATURES, LENGTHS, STEPS, UNITS, Array, Case

GOLDEN = Path(__file__).with_name("pytorch.json")
KINDS: dict[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU, "elman": nn.RNN}


def module(case: Case, weights: Mapping[str, Array]) -> nn.RNNBase:
    """The layer, with weights loaded by their names below `y`."""
    kind = KINDS[case.kind]
    made: nn.RNNBase = kind(FEATURES, UNITS, case.layers, batch_first=True, bidirectional=case.both).double()
    made.load_state_dict({name.removeprefix("y."): torch.tensor(array) for name, array in weights.items()})
    return made


def outputs(case: Case, layer: nn.RNNBase, arrays: Mapping[str, Array]) -> dict[str, Tensor]:
    """The outputs by the names of the spec."""
    given = {name: torch.tensor(array) for name, array in arrays.items()}
    x: Any = given["x"]
    if case.lengths:
        x = pack_padded_sequence(x, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False)
    first = [given[f"{name}0"][None] for name in case.state_names]
    y, last = layer(x, (tuple(first) if len(first) > 1 else first[0]) if first else None)
    if case.lengths:
        y, _ = pad_packed_sequence(y, batch_first=True, total_length=STEPS)
    ends = last if isinstance(last, tuple) else (last,)
    return {"y": y} | {name: end[0] for name, end in zip(case.state_names, ends, strict=False)}


def results(case: Case, weights: Mapping[str, Array]) -> dict[str, Any]:
    """The outputs, the gradients of the loss, and the losses of fifty steps."""
    arrays, layer = case.arrays(), module(case, weights)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.5, momentum=0.9)
    wanted, losses = torch.tensor(arrays["wanted"]), []
    found: dict[str, Any] = {}
    for _ in range(50):
        optimizer.zero_grad()
        made = outputs(case, layer, arrays)
        loss = nn.functional.mse_loss(made["y"], wanted)
        loss.backward()
        losses.append(loss.item())
        if not found:
            found["outputs"] = {name: value.tolist() for name, value in made.items()}
            grads = {name: p.grad for name, p in layer.named_parameters()}
            found["gradients"] = {f"y.{name}": grad.tolist() for name, grad in grads.items() if grad is not None}
        optimizer.step()
    return found | {"losses": losses}


def main() -> None:
    cases = {}
    for name, case in CASES.items():
        trainer = netc.loads(case.spec()).trainer(N=len(LENGTHS), T=STEPS, dtype="float64")
        cases[name] = results(case, case.weights(trainer))
    about = {"about": f"PyTorch {torch.__version__}, NumPy {np.__version__}, float64", "cases": cases}
    GOLDEN.write_text(json.dumps(about), "utf-8")


if __name__ == "__main__":
    main()
