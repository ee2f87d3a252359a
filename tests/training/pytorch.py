"""The networks of `networks` in PyTorch, and what PyTorch makes of them; run as a module it writes `pytorch.json`.

python -m tests.training.pytorch
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own convention)
from numpy.typing import NDArray
from torch import Tensor, nn

import netc

from .networks import BATCH, CASES

GOLDEN = Path(__file__).with_name("pytorch.json")


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.c2, self.b2 = nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.c3, self.b3 = nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        a = F.relu(self.b1(self.c1(x)))
        y = F.relu(a + self.b2(self.c2(a)))
        y = F.max_pool2d(F.relu(self.b3(self.c3(y))), 3, 2, 1)
        out: Tensor = self.fc(y.mean((2, 3)))
        return out


class Branches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 6, 3, padding=1, groups=3)
        self.fc = nn.Linear(360, 5)

    def forward(self, x: Tensor) -> Tensor:
        y = F.max_pool2d(torch.cat([F.gelu(self.a(x)), F.silu(self.b(x))], 1), 2)
        out: Tensor = self.fc(F.local_response_norm(y, 3, alpha=0.1).flatten(1))
        return out


def module(name: str) -> nn.Module:
    """The network in PyTorch, its parameters in the order of netc's."""
    made: dict[str, nn.Module] = {
        "mlp": nn.Sequential(nn.Linear(20, 32), nn.Tanh(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 5)),
        "lenet": nn.Sequential(
            nn.Conv2d(3, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 8, 3), nn.Tanh(), nn.Flatten(),
            nn.Linear(32, 10),
        ),
        "residual": Residual(),
        "branches": Branches(),
        "layernorm": nn.Sequential(
            nn.Linear(20, 32), nn.LayerNorm(32), nn.LeakyReLU(0.1), nn.Linear(32, 16), nn.ELU(), nn.Linear(16, 5)
        ),
        "transposed": nn.Sequential(
            nn.ConvTranspose2d(3, 4, 3, 2, 1, 1), nn.Sigmoid(), nn.Conv2d(4, 2, 3, dilation=2),
            nn.Upsample(scale_factor=2), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(2, 5),
        ),
    }  # fmt: skip
    return made[name].double()


def optimizer(name: str, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    made: dict[str, Any] = {
        "mlp": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=1e-3),
        "lenet": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
        "residual": lambda p: torch.optim.Adam(p, lr=0.01),
        "branches": lambda p: torch.optim.RMSprop(p, lr=0.001, momentum=0.5),
        "layernorm": lambda p: torch.optim.AdamW(p, lr=0.01),
        "transposed": lambda p: torch.optim.Adagrad(p, lr=0.05),
    }
    found: torch.optim.Optimizer = made[name](parameters)
    return found


def names(found: nn.Module) -> list[str]:
    """What a module keeps, but for the counters of its batch norms."""
    return [name for name in found.state_dict() if not name.endswith("num_batches_tracked")]


def load(found: nn.Module, weights: Mapping[str, NDArray[Any]]) -> None:
    """Put netc's weights into a module of the same shape."""
    own = dict(zip(names(found), weights.values(), strict=True))
    found.load_state_dict({name: torch.tensor(array) for name, array in own.items()}, strict=False)


def train(name: str, weights: Mapping[str, NDArray[Any]]) -> tuple[list[float], NDArray[Any], nn.Module]:
    """The losses of all steps from these weights, then the outputs at inference, and the module."""
    case, found = CASES[name], module(name)
    load(found, weights)
    steps = optimizer(name, found.parameters())
    *batches, (image, _) = case.batches()
    losses = []
    for x, y in batches:
        steps.zero_grad()
        loss = F.cross_entropy(found(torch.tensor(x)), torch.tensor(y))
        loss.backward()
        if name == "lenet":
            nn.utils.clip_grad_norm_(found.parameters(), 0.5)
        steps.step()
        losses.append(loss.item())
    found.eval()
    with torch.no_grad():
        return losses, np.asarray(found(torch.tensor(image))), found


def start(name: str) -> netc.Net:
    return netc.loads(CASES[name].spec)


if __name__ == "__main__":
    golden = {}
    for case in CASES:
        losses, outputs, _ = train(case, start(case).trainer(N=BATCH, dtype="float64", seed=3).state_dict())
        golden[case] = {"losses": losses, "outputs": outputs.tolist()}
    GOLDEN.write_text(json.dumps({"torch": torch.__version__, "cases": golden}) + "\n")
