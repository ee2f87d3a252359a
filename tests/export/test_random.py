"""Random networks: what they export is what the NumPy program computes, at any batch and length.

`NETC_NETWORKS=10000 make trust` sets how many of them the long run tries.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from netc.compiler.export.export import export_file, reference
from netc.compiler.export.model import IR_VERSIONS
from netc.compiler.export.verify import compare, tolerance
from netc.compiler.resolve.network import Network
from netc.runtime.errors import RunError
from netc.runtime.session import Session
from netc.runtime.trainer import Trainer

from ..conftest import Promise
from ..strategies.networks import network_of, sizes
from .weights import lively

BATCHES, LENGTHS = (1, 3, 7), (2, 6)
PARTS = 20


class NotFinite(Exception):
    """Only outputs that are not wholly finite differ."""


def proven(network: Network, seed: int, folder: Path, seen: Counter[str]) -> None:
    """Export a network at an opset of its own with its proof, then hold the one file against it at other sizes."""
    chance = random.Random(seed)
    opset, folded, beside = chance.choice(list(IR_VERSIONS)), chance.random() < 0.7, chance.random() < 0.3
    lower_rnn = chance.random() < 0.3
    weights, path = lively(network, seed), folder / "made.onnx"
    try:
        found = list(
            export_file(network, path, weights, opset=opset, folded=folded, beside=beside, lower_rnn=lower_rnn)
        )
    except RunError as error:
        if error.code == "not-equal" and error.message.endswith("numbers that are not finite"):
            raise NotFinite from error
        raise
    at = sizes(network, BATCHES, LENGTHS)
    largest = {name: max(chosen[name] for chosen in at) for name in at[0]}
    trainer = reference(network, weights, None, **largest)

    def exact() -> Trainer:
        return reference(network, weights, "f64", **largest)

    found += compare(Session(path), trainer, exact, at, seed)
    wrong = [difference for difference in found if not difference.equal(tolerance(trainer))]
    if wrong and not any(difference.finite for difference in wrong):
        raise NotFinite
    assert not wrong, (opset, folded, beside, lower_rnn, wrong)
    compared = sum(difference.error is not None for difference in found)
    seen["networks with nothing to compare"] += not compared
    seen["networks that magnify rounding"] += any(difference.model is not None for difference in found)
    seen["outputs compared"] += compared
    seen["outputs with no finite entry"] += len(found) - compared


def tried(seeds: Iterable[int], folder: Path) -> Counter[str]:
    """Prove networks; one in float64 for which the runtime lacks a kernel is proven in float32.

    Where a network makes NaN or infinities on the way, operators of the runtime pass them on in ways of their own, and
    what is finite behind them may differ; those are counted apart.
    """
    seen: Counter[str] = Counter()
    for seed in seeds:
        network, text = network_of(seed)
        try:
            try:
                proven(network, seed, folder, seen)
            except RunError as error:
                if error.code != "no-kernel" or "f64[" not in text:
                    raise
                seen["in float32 for want of a kernel"] += 1
                network, text = network_of(seed, narrow=True)
                proven(network, seed, folder, seen)
        except NotFinite:
            seen["differ behind numbers that are not finite"] += 1
        except Exception as error:
            raise AssertionError(f"{error!r}\n{text}") from error
        seen["networks"] += 1
    return seen


@pytest.mark.parametrize("part", range(4))
def test_random_networks_export_and_agree(part: int, tmp_path: Path) -> None:
    seen = tried(range(100 * part, 100 * part + 30), tmp_path)
    assert seen["networks"] == 30
    assert seen["networks with nothing to compare"] <= 1
    assert seen["outputs compared"] > 20 * seen["outputs with no finite entry"]


@pytest.mark.trust
@pytest.mark.promise("P8", "random networks", 500)
@pytest.mark.parametrize("part", range(PARTS))
def test_many_random_networks(part: int, tmp_path: Path, promise: Promise) -> None:
    count = int(os.environ.get("NETC_NETWORKS", 600)) // PARTS
    seen = tried(range(10_000 + count * part, 10_000 + count * (part + 1)), tmp_path)
    print(dict(seen))
    without = seen["networks with nothing to compare"] + seen["differ behind numbers that are not finite"]
    promise(seen["networks"] - without)
    assert seen["networks"] == count
    assert seen["networks with nothing to compare"] <= count * 0.04
