"""Whether the time of a step is linear in the batch, in the steps of a sequence and in the depth.

    python -m benchmarks.scaling [--write]

All sizes of one question take turns in one process. The bars are time for each unit of size, in parts of the largest
size's: level ones are a straight line through the origin.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from statistics import median

import numpy as np

import netc

from .networks import NETWORKS, UNITS, VOCAB, Batch
from .results import machine, record, table

ROUNDS, STEPS = 7, 5
Step = Callable[[], float]


def _deep(blocks: int) -> str:
    return f"""net deep {{
  input image: f32[N, 16, 16, 16]
  target label: i64[N]
  repeat {blocks} {{ conv(16, 3, pad = 1) -> batchnorm -> relu }}
  global_avgpool -> flatten -> fc(10)
  train {{ loss = cross_entropy; optimizer = sgd(lr = 0.01, momentum = 0.9) }}
}}
"""


def _step(text: str, dims: Mapping[str, int], batch: Batch) -> Step:
    trainer = netc.loads(text).trainer(dtype="float32", seed=0, **dims)
    return lambda: trainer.step(**batch)


def _vectors(size: int) -> Step:
    rng = np.random.default_rng(0)
    batch: Batch = {"image": rng.normal(size=(size, 784)).astype(np.float32), "label": rng.integers(10, size=size)}
    return _step(NETWORKS["mlp"].text, {"N": size}, batch)


def _characters(size: int) -> Step:
    text = np.random.default_rng(0).integers(VOCAB, size=(32, size))
    return _step(NETWORKS["lstm"].text, {"N": 32, "T": size}, {"text": text, "next": text})


def _layers(size: int) -> Step:
    rng = np.random.default_rng(0)
    batch: Batch = {"image": rng.normal(size=(32, 16, 16, 16)).astype(np.float32), "label": rng.integers(10, size=32)}
    return _step(_deep(size), {"N": 32}, batch)


QUESTIONS: dict[str, tuple[Callable[[int], Step], tuple[int, ...]]] = {
    "batch of the MLP": (_vectors, (128, 256, 512, 1024)),
    f"steps T of the LSTM, {UNITS} units": (_characters, (16, 32, 64, 128)),
    "blocks of conv, batchnorm and relu": (_layers, (4, 8, 16, 32)),
}


def measure(make: Callable[[int], Step], sizes: tuple[int, ...]) -> list[float]:
    """The median seconds of a step at each size."""
    steps = [make(size) for size in sizes]
    times: list[list[float]] = [[] for _ in sizes]
    for turn in range(ROUNDS + 1):
        for step, found in zip(steps, times, strict=True):
            for _ in range(STEPS):
                start = time.perf_counter()
                step()
                if turn:
                    found.append(time.perf_counter() - start)
    return [median(found) for found in times]


def main() -> None:
    rows = []
    for what, (make, sizes) in QUESTIONS.items():
        times = measure(make, sizes)
        most = times[-1] / sizes[-1]
        for size, took in zip(sizes, times, strict=True):
            unit = took / size / most
            rows.append([what, str(size), f"{1e3 * took:.2f} ms", f"{unit:.2f}", f"`{'#' * round(20 * unit)}`"])
    text = table(["what grows", "size", "step", "each unit", "plot"], rows)
    print(text)
    if "--write" in sys.argv[1:]:
        head = f"By `benchmarks/scaling.py`: {machine()}. Medians of {ROUNDS * STEPS} steps, all sizes in turn."
        record("Time by batch, steps and depth", f"{head}\n\n{text}")


if __name__ == "__main__":
    main()
