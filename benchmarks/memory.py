"""The memory of a step of training against PyTorch's, on the convolutional networks.

    python -m benchmarks.memory [--write]

Needs torch beside netc. netc's is its arena, with parameters, gradients and momentum; PyTorch's the sum of what its
allocator has given out at most during forward, backward and the update, and of what was there before: parameters,
buffers, gradients, momentum. Beside the plan without a budget stand those within less, with what they compute again.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import netc
from netc.compiler.emit.memory import needed
from netc.compiler.emit.plans import OverBudget

from .contenders import Netc, PyTorch
from .networks import NETWORKS, Network
from .results import machine, record, table

MIB = 1 << 20


def allocated(network: Network) -> int:
    """What a step of PyTorch's takes at most, in bytes, once its momentum is there."""
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder, "weights.npz")
        Netc(network, weights, "numpy")
        torch = PyTorch(network, weights)
        (batch,) = network.batches(1)
        for _ in range(2):
            torch.step(batch)
        return torch.memory(batch)


def rows(network: Network) -> list[list[str]]:
    """A row for PyTorch, one for the default plan, and one for each budget."""
    theirs = allocated(network)
    found = [[network.title, "PyTorch", f"{theirs / MIB:.1f} MiB", "", ""]]
    given = netc.loads(network.text).network
    forward = netc.loads(network.text).analyze(**network.dims).totals.flops
    for share in (None, 0.65, 0.6, 0.55, 0.5, 0.45):
        try:
            budget = int(share * theirs) if share else None
            made = needed(given.graph, given.settings, network.dims, budget=budget)
        except OverBudget:
            continue
        assert made.training is not None
        total, again = made.training.total, made.again / int(str(forward))
        name = f"netc within {share} of PyTorch's" if share else "netc"
        found.append([network.title, name, f"{total / MIB:.1f} MiB", f"{total / theirs:.2f}", f"{again:.1%}"])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="record the table in RESULTS.md")
    given = parser.parse_args()
    head = ["network", "what", "a step", "it / PyTorch", "made again, of a forward pass"]
    text = table(head, [row for name in ("lenet5", "cifar", "resnet18") for row in rows(NETWORKS[name])])
    print(text)
    if given.write:
        record("Memory of a step of training", f"By `benchmarks/memory.py`: {machine()}, float32, momentum.\n\n{text}")


if __name__ == "__main__":
    main()
