"""Latency in onnxruntime of what netc exports, against the same network exported by PyTorch.

    python benchmarks/export.py

Needs torch and torchvision beside netc. Both models run in one process, in alternating blocks, on random images; the
ratio is that of the medians, above 1 where netc's model is faster.
"""

from __future__ import annotations

import io
import time
import warnings
from statistics import median

import numpy as np
import onnxruntime
import torch
import torchvision

import netc

NAMES = ("resnet18", "mobilenet_v2")
BLOCKS, RUNS = 10, 20


def theirs(name: str) -> bytes:
    """The network of torchvision, exported in evaluation mode."""
    module = torchvision.models.get_model(name, weights=None).eval()
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.zeros(1, 3, 224, 224),), file, opset_version=17, dynamo=False)
    return file.getvalue()


def ours(name: str) -> bytes:
    """The same network from its bundled spec."""
    data: bytes = netc.load(name).to_onnx().SerializeToString()
    return data


def session(model: bytes, threads: int) -> onnxruntime.InferenceSession:
    """A session for these threads alone, which do not spin while the other model runs."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def compare(name: str, threads: int) -> tuple[float, float]:
    """Milliseconds of one image: netc's model and PyTorch's."""
    sessions = [session(model, threads) for model in (ours(name), theirs(name))]
    image = np.random.default_rng(0).normal(size=(1, 3, 224, 224)).astype(np.float32)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(BLOCKS):
        for found, spent in zip(sessions, times, strict=True):
            feed = {found.get_inputs()[0].name: image}
            for run in range(RUNS + 3):
                start = time.perf_counter()
                found.run(None, feed)
                if run >= 3:
                    spent.append(1e3 * (time.perf_counter() - start))
    return median(times[0]), median(times[1])


if __name__ == "__main__":
    for name in NAMES:
        for threads in (1, 2):
            own, other = compare(name, threads)
            print(f"{name}, {threads} threads: netc {own:.2f} ms, PyTorch {other:.2f} ms, ratio {other / own:.3f}")
