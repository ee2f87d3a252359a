"""One contender with one network, in a process of its own: `python -m benchmarks.contenders CONTENDER NETWORK WEIGHTS`.

It says that it is ready, with its first losses and its memory, and then runs a block of steps for each line that comes
in, answering with the seconds of each step. Whoever asks lets the contenders take turns; their pools of threads rest
while another one works, which they would not do in one process.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .networks import MOMENTUM, NETWORKS, RATE, Batch, Network

CHECKED = 6  # steps whose losses are compared
WARM = 3  # steps at the start of a block that are not timed
State = Mapping[str, NDArray[Any]]


class Contender(ABC):
    """A network with its weights, ready to be trained."""

    @abstractmethod
    def step(self, batch: Batch) -> float:
        """One update; the loss before it."""

    @abstractmethod
    def memory(self, batch: Batch) -> int:
        """The bytes that parameters, gradients, momentum and a step's arrays take at most at a time."""


class Netc(Contender):
    """netc in one of its tiers; it is the one who draws the weights."""

    def __init__(self, network: Network, weights: Path, tier: str) -> None:
        import netc

        self.trainer = netc.loads(network.text, tier=tier).trainer(dtype="float32", seed=1, **network.dims)
        if not weights.exists():
            np.savez(weights, allow_pickle=False, **_merged(self.trainer.state_dict()))

    def step(self, batch: Batch) -> float:
        return self.trainer.step(**batch)

    def memory(self, batch: Batch) -> int:
        return self.trainer.arena.nbytes


def _merged(state: State) -> dict[str, NDArray[Any]]:
    """The weights in the order of PyTorch's; the gates of a cell in one array, for the input and for the state."""
    merged: dict[str, NDArray[Any]] = {}
    cells = [name for name in state if name.startswith(("elman", "gru", "lstm"))]
    for name, array in state.items():
        if name not in cells:
            merged[name] = array
        elif name == cells[0]:
            for kind in ("weight", "bias"):
                arrays = [state[cell] for cell in cells if cell.rpartition(".")[2].startswith(kind)]
                merged[f"{kind}_ih"], merged[f"{kind}_hh"] = np.concatenate(arrays[::2]), np.concatenate(arrays[1::2])
    return merged


class PyTorch(Contender):
    """PyTorch, run operation by operation or compiled."""

    def __init__(self, network: Network, weights: Path, compiled: bool = False) -> None:
        import torch

        from .modules import module

        self.torch = torch
        self.module = module(network.name)
        names = [name for name in self.module.state_dict() if not name.endswith("num_batches_tracked")]
        given = np.load(weights)
        state = {name: torch.tensor(given[own]) for name, own in zip(names, given.files, strict=True)}
        self.module.load_state_dict(state, strict=False)
        self.run = torch.compile(self.module) if compiled else self.module
        self.optimizer = torch.optim.SGD(self.module.parameters(), lr=RATE, momentum=MOMENTUM)

    def step(self, batch: Batch) -> float:
        x, y = (self.torch.from_numpy(array) for array in batch.values())
        self.optimizer.zero_grad()
        loss = self.torch.nn.functional.cross_entropy(self.run(x), y.flatten())
        loss.backward()
        self.optimizer.step()
        value: float = loss.item()
        return value

    def memory(self, batch: Batch) -> int:
        """What its allocator gave out at most during a step, above what was there already."""
        there = [*self.module.state_dict().values(), *(p.grad for p in self.module.parameters())]
        there += [slot for state in self.optimizer.state.values() for slot in state.values()]
        now: int = sum(tensor.nbytes for tensor in there if tensor is not None)
        most = now
        with self.torch.autograd.profiler.profile(profile_memory=True) as profile:
            self.step(batch)
        events = [event for event in profile.kineto_results.events() if event.name() == "[memory]"]
        for event in sorted(events, key=lambda event: event.start_ns()):
            now += event.nbytes()
            most = max(most, now)
        return most


def contender(name: str, network: Network, weights: Path) -> Contender:
    """`netc`, `netc-fast`, `torch` or `compiled`."""
    if name.startswith("netc"):
        return Netc(network, weights, "fast" if name == "netc-fast" else "numpy")
    return PyTorch(network, weights, compiled=name == "compiled")


def resident() -> int:
    """The most bytes of memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    name, network, weights = sys.argv[1], NETWORKS[sys.argv[2]], Path(sys.argv[3])
    if name.startswith("netc"):
        import netc  # noqa: F401
    else:
        import torch

        torch.set_num_threads(int(sys.argv[4]))
    before = resident()
    found = contender(name, network, weights)
    batches = network.batches(CHECKED)
    losses = [found.step(batch) for batch in batches]
    grown = resident() - before
    print(json.dumps({"losses": losses, "memory": found.memory(batches[0]), "grown": grown}), flush=True)
    for line in sys.stdin:
        times = []
        for number in range(WARM + int(line)):
            start = time.perf_counter()
            found.step(batches[number % CHECKED])
            times.append(time.perf_counter() - start)
        print(json.dumps(times[WARM:]), flush=True)


if __name__ == "__main__":
    main()
