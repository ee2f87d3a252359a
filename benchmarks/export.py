"""Latency in onnxruntime of what netc exports, against the same network exported by PyTorch.

    python -m benchmarks.export [--write]

Needs torch beside netc. Both models have the same weights and run in one process on one random image, in blocks that
take turns, first the one and then the other; every few blocks in new sessions, whose memory lies elsewhere. A pair of
blocks gives a ratio of medians, above 1 where netc's model is faster. Noise gives it either sign with even chances, so
a sign test says whether the median of the ratios is more than noise. `--write` puts the table into RESULTS.md.
"""

from __future__ import annotations

import io
import sys
import time
import warnings
from math import comb
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray

import netc

from . import modules
from .results import machine, record, table

NETWORKS = {"resnet18": modules.resnet18, "mobilenet_v2": modules.mobilenet_v2}
SESSIONS, BLOCKS, RUNS, WARM = 4, 10, 9, 2
Array = NDArray[np.float32]


def exported(name: str) -> tuple[bytes, bytes]:
    """The model of a bundled spec, and that of the same network and weights in PyTorch."""
    net = netc.load(name)
    weights = net.trainer(N=1, seed=1).state_dict()
    module = NETWORKS[name]().eval()
    names = [key for key in module.state_dict() if not key.endswith("num_batches_tracked")]
    state = {key: torch.tensor(array) for key, array in zip(names, weights.values(), strict=True)}
    module.load_state_dict(state, strict=False)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        axes = {"image": {0: "N"}, "logits": {0: "N"}}
        arguments = {"input_names": ["image"], "output_names": ["logits"], "dynamic_axes": axes}
        torch.onnx.export(module, (torch.zeros(1, 3, 224, 224),), file, opset_version=17, dynamo=False, **arguments)
    own: bytes = net.to_onnx(weights).SerializeToString()
    return own, file.getvalue()


def session(model: bytes, threads: int, optimized: Path | None = None) -> onnxruntime.InferenceSession:
    """A session for these threads alone, which do not spin while the other model runs."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if optimized:
        options.optimized_model_filepath = str(optimized)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def graph(model: bytes) -> list[object]:
    """What onnxruntime makes of a model: operators with their attributes, and where each of their inputs comes from."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "optimized.onnx")
        session(model, 1, path)
        found = onnx.load(path).graph
    sources: dict[str, object] = {tensor.name: list(tensor.dims) for tensor in found.initializer}
    steps: list[object] = []
    for place, node in enumerate(found.node):
        attributes = sorted((a.name, str(onnx.helper.get_attribute_value(a))) for a in node.attribute)
        steps.append((node.op_type, attributes, [sources.get(name, name) for name in node.input]))
        sources |= {name: (place, number) for number, name in enumerate(node.output)}
    return steps


def block(found: onnxruntime.InferenceSession, image: Array) -> float:
    """Milliseconds of one image, the median of some runs."""
    times = []
    for _ in range(WARM + RUNS):
        start = time.perf_counter()
        found.run(None, {"image": image})
        times.append(1e3 * (time.perf_counter() - start))
    return median(times[WARM:])


def compare(models: tuple[bytes, bytes], threads: int) -> tuple[list[float], list[float]]:
    """Milliseconds of one image in each block: netc's model and PyTorch's."""
    image = np.random.default_rng(0).normal(size=(1, 3, 224, 224)).astype(np.float32)
    times: tuple[list[float], list[float]] = ([], [])
    for start in range(SESSIONS):
        order = (0, 1) if start % 2 else (1, 0)
        sessions = {which: session(models[which], threads) for which in order}
        (own,), (other,) = (sessions[which].run(None, {"image": image}) for which in (0, 1))
        assert np.abs(own - other).max() <= 1e-5 * np.abs(other).max()
        for number in range(BLOCKS):
            for which in order if number % 2 else order[::-1]:
                times[which].append(block(sessions[which], image))
    return times


def chance(ratios: list[float]) -> float:
    """How likely signs as uneven as these, or more, are where both signs are as likely: a two-sided sign test."""
    above = sum(ratio > 1 for ratio in ratios)
    few, count = min(above, len(ratios) - above), len(ratios)
    return min(1.0, 0.5 ** (count - 1) * sum(comb(count, k) for k in range(few + 1)))


def main() -> None:
    rows = []
    for name in NETWORKS:
        models = exported(name)
        same = "yes" if graph(models[0]) == graph(models[1]) else "no"
        for threads in (1, 2):
            own, other = compare(models, threads)
            ratios = [theirs / ours for ours, theirs in zip(own, other, strict=True)]
            faster = sum(ratio > 1 for ratio in ratios)
            low, high = sorted(ratios)[len(ratios) // 4], sorted(ratios)[-len(ratios) // 4]
            rows.append(
                [
                    *(name, str(threads), f"{median(own):.2f} ms", f"{median(other):.2f} ms", f"{median(ratios):.3f}"),
                    *(f"{low:.3f} to {high:.3f}", f"{faster} of {len(ratios)}", f"{chance(ratios):.2f}", same),
                ]
            )
            print(*rows[-1], sep="  ", flush=True)
    if "--write" in sys.argv:
        head = ["network", "threads", "netc", "PyTorch", "ratio", "middle half", "netc faster", "chance", "same graph"]
        versions = f"onnxruntime {onnxruntime.__version__}, torch {torch.__version__}"
        text = (
            f"By `benchmarks/export.py`: {machine()}, {versions}. A batch of 1, medians of blocks that take turns in "
            "one process. The ratio is above 1 where netc's model is faster; the chance is that of signs as uneven "
            "where neither is (sign test). Same graph: what onnxruntime makes of both models is the same, node by node."
            "\n\n"
        )
        record("Latency of exported models beside PyTorch's", text + table(head, rows))


if __name__ == "__main__":
    main()
