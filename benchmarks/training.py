"""A step of training in netc against the same network in PyTorch: time, arithmetic and memory.

    python -m benchmarks.training [NETWORK ...] [--with compiled] [--write]

Needs torch beside netc. Forward, backward and the update of SGD with momentum, in float32, on two threads. Each
contender has a process of its own and starts from the same weights; the run is refused unless all of them compute the
same losses. They take turns in blocks of 20 steps or more, so that what else the machine does meets all of them.
Ratios are those of medians, above 1 where netc is faster. GFLOP/s count two operations for each multiply-accumulate,
forward and twice backward.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from statistics import median
from typing import Any

import netc

from .networks import NETWORKS, Network
from .results import environment, machine, record, table

CONTENDERS = ("netc", "netc-fast", "torch", "compiled")
REST = 0.1  # seconds in which the threads of one contender fall asleep before the next one's turn
TOLERANCE = 3e-4  # of a loss, relative: float32 sums in another order, carried through some updates


@dataclass
class Turns:
    """A contender at work: its process, what it said when it was ready, and the seconds of its steps."""

    name: str
    process: subprocess.Popen[str]
    errors: Path
    ready: dict[str, Any] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)

    def answer(self) -> Any:
        """The next line of the process. Raises RuntimeError when it ended instead."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of `{self.name}` ended: {self.errors.read_text()}")
        return json.loads(line)

    def run(self, steps: int) -> None:
        """One block of steps."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        self.times += self.answer()

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    @property
    def median(self) -> float:
        return median(self.times)


def start(name: str, network: Network, weights: Path, threads: int) -> Turns:
    """A contender that is ready; the first one, netc, writes the weights for the others."""
    command = [sys.executable, "-m", "benchmarks.contenders", name, network.name, str(weights), str(threads)]
    errors = weights.with_name(f"{name}.log")  # PyTorch's profiler talks there
    with errors.open("w") as log:
        process = subprocess.Popen(
            command, env=environment(threads), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        )
    turns = Turns(name, process, errors)
    turns.ready = turns.answer()
    return turns


def measure(network: Network, names: list[str], threads: int, blocks: int, steps: int) -> list[Turns]:
    """All contenders with one network, netc first. Raises RuntimeError when their losses differ."""
    contenders: list[Turns] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for name in names:
                contenders.append(start(name, network, Path(folder, "weights.npz"), threads))
            _compare(contenders)
            for block in range(blocks):
                for turns in contenders if block % 2 else contenders[::-1]:
                    time.sleep(REST)
                    turns.run(steps)
        finally:
            for turns in contenders:
                turns.stop()
    return contenders


def _compare(contenders: list[Turns]) -> None:
    first = contenders[0].ready["losses"]
    for turns in contenders[1:]:
        losses = turns.ready["losses"]
        if any(abs(a - b) > TOLERANCE * abs(b) for a, b in zip(losses, first, strict=True)):
            raise RuntimeError(f"`{turns.name}` computes other losses: {losses}, not {first}")


def operations(network: Network) -> int:
    """The floating-point operations of the products of a step: the first layer of an image has no gradient by it."""
    lines = netc.loads(network.text).analyze(**network.dims).lines
    macs = [line.macs for line in lines if line.macs]
    return 2 * (3 * sum(macs) - (macs[0] if network.image else 0))


PEAK = """
import time
import numpy as np
def best(product, a, b):
    times = []
    for _ in range(30):
        start = time.perf_counter()
        product(a, b)
        times.append(time.perf_counter() - start)
    return 2 * 1536**3 / min(times) / 1e9
a = np.random.default_rng(0).normal(size=(1536, 1536)).astype(np.float32)
print(best(lambda a, b: np.matmul(a, b), a, a))
try:
    import torch
    print(best(torch.mm, torch.from_numpy(a), torch.from_numpy(a)))
except ImportError:
    pass
"""


def peaks(threads: int) -> list[float]:
    """GFLOP/s of a product of two matrices of 1536 × 1536 in float32: NumPy's, and PyTorch's where it is there."""
    command = [sys.executable, "-c", PEAK]
    done = subprocess.run(command, env=environment(threads), stdout=subprocess.PIPE, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


def report(measured: dict[str, list[Turns]], peak: float) -> str:
    """The tables of time and of memory."""
    times, memory = [], []
    ratios: dict[str, list[float]] = {}
    for name, contenders in measured.items():
        network = NETWORKS[name]
        eager = next((turns for turns in contenders if turns.name == "torch"), None)
        for turns in contenders:
            rate = operations(network) / turns.median / 1e9
            ratio = ""
            if eager and turns is not eager:
                ratios.setdefault(turns.name, []).append(eager.median / turns.median)
                ratio = f"{ratios[turns.name][-1]:.2f}"
            milliseconds = f"{1e3 * turns.median:.2f} ms"
            times.append([network.title, turns.name, milliseconds, ratio, f"{rate:.0f}", f"{rate / peak:.0%}"])
            share = ""
            if eager and turns is not eager:
                share = f"{turns.ready['memory'] / eager.ready['memory']:.2f}"
            sizes = (f"{turns.ready[what] / 2**20:.1f} MiB" for what in ("memory", "grown"))
            memory.append([network.title, turns.name, *sizes, share])
    times += [
        [f"geometric mean of {len(found)}", name, "", f"{prod(found) ** (1 / len(found)):.2f}", "", ""]
        for name, found in ratios.items()
    ]
    return "\n\n".join(
        [
            table(["network", "contender", "step", "PyTorch / it", "GFLOP/s", "of the peak"], times),
            "Memory: what a step takes at most, parameters, gradients and momentum included: netc's arena; of PyTorch "
            "the sum of the tensors that its allocator has given out. Beside it, how much the process has grown.",
            table(["network", "contender", "planned or allocated", "process", "it / PyTorch"], memory),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(NETWORKS))
    parser.add_argument(
        "--only", nargs="+", choices=CONTENDERS, default=["netc", "netc-fast", "torch"], help="the contenders"
    )
    parser.add_argument("--with", nargs="+", choices=CONTENDERS, default=[], dest="others", help="further contenders")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--blocks", type=int, default=5, help="of steps that each contender runs in turn")
    parser.add_argument("--steps", type=int, default=20, help="of a block")
    parser.add_argument("--write", action="store_true", help="record the tables in RESULTS.md")
    given = parser.parse_args()
    unknown = [name for name in given.networks if name not in NETWORKS]
    if unknown:
        parser.error(f"there is no network `{unknown[0]}`: {', '.join(NETWORKS)}")
    names = [name for name in CONTENDERS if name in {*given.only, *given.others}]
    measured = {}
    own, *theirs = peaks(given.threads)
    products = f"{own:.0f} GFLOP/s by NumPy" + "".join(f", {peak:.0f} by PyTorch" for peak in theirs)
    print(f"products of two 1536 × 1536 matrices: {products}", flush=True)
    for name in given.networks or NETWORKS:
        try:
            measured[name] = measure(NETWORKS[name], names, given.threads, given.blocks, given.steps)
        except RuntimeError as error:
            sys.exit(f"{name}: {error}")
        for turns in measured[name]:
            print(f"{name:10} {turns.name:10} {1e3 * turns.median:9.2f} ms", flush=True)
    text = report(measured, max(own, *theirs))
    print(f"\n{text}")
    if given.write:
        head = (
            f"By `benchmarks/training.py`: {machine()}, {given.threads} threads. Medians of {given.blocks} blocks of "
            f"{given.steps} steps. Products of two 1536 × 1536 matrices: {products}."
        )
        record("A step of training", f"{head}\n\n{text}")


if __name__ == "__main__":
    main()
