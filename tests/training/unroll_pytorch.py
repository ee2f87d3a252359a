"""Makes unroll.json: truncated back-propagation in PyTorch, in float64. Run by hand with PyTorch installed.

The weights are drawn here and named as netc names them; the gates of PyTorch are stacked as i, f, g, o and r, z, n.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

GATES = {
    "lstm": ("lstm1.i.drive", "lstm1.f.drive", "lstm1.g.fc1", "lstm1.o.drive"),
    "gru": ("gru1.r.fc1", "gru1.z.fc1", "gru1.n.fc1"),
}
PARTS = {"weight_ih_l0": "weight", "weight_hh_l0": "weight2", "bias_ih_l0": "bias", "bias_hh_l0": "bias2"}


def named(kind: str, module: Any) -> dict[str, Any]:
    """The weights of a module by netc's names."""
    found = {}
    for part, own in PARTS.items():
        for gate, rows in zip(GATES[kind], getattr(module, part).detach().chunk(len(GATES[kind])), strict=True):
            name = f"{gate}.{own}"
            if gate == "gru1.n.fc1" and own.endswith("2"):
                name = f"gru1.n.fc2.{own[:-1]}"
            found[name] = rows.tolist()
    return found


def main() -> None:
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    text = torch.randint(11, (3, 11))
    embed, lstm = torch.nn.Embedding(11, 5), torch.nn.LSTM(5, 7, batch_first=True)
    gru, fc = torch.nn.GRU(7, 6, batch_first=True), torch.nn.Linear(6, 11)
    weights = {
        "embed1.weight": embed.weight.tolist(),
        "fc1.weight": fc.weight.tolist(),
        "fc1.bias": fc.bias.tolist(),
        **named("lstm", lstm),
        **named("gru", gru),
    }
    parameters = [p for module in (embed, lstm, gru, fc) for p in module.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.5, momentum=0.9)
    losses = []
    for _ in range(20):
        h, k = None, None
        for start in range(0, 10, 4):
            stop = min(start + 4, 10)
            optimizer.zero_grad()
            y, h = lstm(embed(text[:, start:stop]), h)
            y, k = gru(y, k)
            wanted = text[:, start + 1 : stop + 1].reshape(-1)
            loss = torch.nn.functional.cross_entropy(fc(y).reshape(-1, 11), wanted)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1)
            optimizer.step()
            h, k = tuple(state.detach() for state in h), k.detach()
            losses.append(loss.item())
    known = {"pytorch": torch.__version__, "text": text.tolist(), "weights": weights, "losses": losses}
    (Path(__file__).parent / "unroll.json").write_text(json.dumps(known), "utf-8")


if __name__ == "__main__":
    main()
