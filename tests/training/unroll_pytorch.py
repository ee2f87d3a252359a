"""Makes unroll.json: truncated back-propagation in PyTorch, in float64. Run by hand with PyTorch installed.

The weights are drawn here, and have the names that they have in PyTorch.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch


def main() -> None:
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    text = torch.randint(11, (3, 11))
    embed, lstm = torch.nn.Embedding(11, 5), torch.nn.LSTM(5, 7, batch_first=True)
    gru, fc = torch.nn.GRU(7, 6, batch_first=True), torch.nn.Linear(6, 11)
    modules = {"embed1": embed, "lstm1": lstm, "gru1": gru, "fc1": fc}
    weights = {f"{use}.{name}": p.tolist() for use, module in modules.items() for name, p in module.named_parameters()}
    parameters = [p for module in modules.values() for p in module.parameters()]
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
