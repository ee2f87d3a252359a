"""The same commands in another folder, with another hash seed and locale, leave the same bytes: figures, programs,
models, weights, checkpoints, predictions."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netc
from netc.compiler.report.summary import symbols
from netc.runtime.measure import random_input

from ..conftest import Promise
from .test_total import ENVIRONMENTS, run

EXAMPLES = [
    "mlp", "caffe_lenet", "digits", "fashion", "lenet5", "lenet5_1998", "char_gru", "char_lstm", "elman_series",
    "jordan_series", "bilstm_tagger", "convlstm",
]  # fmt: skip
COMMANDS = {
    "figures": "analyze {spec}",
    "figures.json": "analyze {spec} --format=json",
    "expanded": "expand {spec}",
    "program": "emit {spec}{dims}",
    "standalone": "emit {spec}{dims} --standalone",
    "training": "train {spec} --data data.npz --epochs 2 --batch 4 --seed 7 --out run",
    "model": "export {spec} --weights run -o model.onnx",
    "predictions": "predict {spec} --weights run --data data.npz -o predicted.npz",
}
# These hold how long something took, or are empty.
TIMES = {"metrics.jsonl", "metrics.csv", ".lock"}


def digests(spec: str, folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """The hash of all that the commands print and leave."""
    folder.mkdir()
    net = netc.load(spec)
    steps: dict[str, Any] = {"T": 5} if "T" in symbols(net.network) else {}
    program = net.trainer(N=1, **steps).program
    rng = np.random.default_rng(3)
    ports = (*program.inputs, *program.targets)
    arrays: dict[str, Any] = {port.name: random_input(port, {"N": 10, "T": 5}, rng) for port in ports}
    np.savez(folder / "data.npz", **arrays)
    found = {}
    for name, command in COMMANDS.items():
        words = command.format(spec=spec, dims=" --dim T=5" if steps else "").split()
        code, out, err = run(folder, environment | {"OPENBLAS_NUM_THREADS": "1"}, *words)
        assert code == 0, f"{command}: {err.decode()}"
        if name != "training":
            found[name] = hashlib.sha256(out).hexdigest()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in TIMES | {"data.npz"}:
            found[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def same(spec: str, folder: Path) -> int:
    """Returns how many outputs were compared."""
    first = digests(spec, folder / "one", ENVIRONMENTS[0])
    assert {"run/last.safetensors", "model.onnx", "predicted.npz"} <= set(first)
    assert digests(spec, folder / "zwei drei", ENVIRONMENTS[2]) == first
    return len(first)


@pytest.mark.parametrize("spec", ["digits", "elman_series"])
def test_the_same_bytes_again(spec: str, tmp_path: Path) -> None:
    same(spec, tmp_path)


@pytest.mark.trust
@pytest.mark.promise("P14", "outputs of commands on 12 networks, run twice", 100)
@pytest.mark.parametrize("spec", EXAMPLES)
def test_the_same_bytes_again_for_every_example(spec: str, tmp_path: Path, promise: Promise) -> None:
    promise(same(spec, tmp_path))
