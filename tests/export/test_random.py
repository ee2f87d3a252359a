"""Random networks: what they export is what the NumPy program computes, at any batch and length.

`NETC_NETWORKS=10000 make trust` sets how many of them the long run tries.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from itertools import product

import pytest

from netc.compiler.analysis.figures import TooSmall, analyse
from netc.compiler.driver import Request, compile_spec
from netc.compiler.export.export import export, reference
from netc.compiler.export.model import IR_VERSIONS, to_bytes
from netc.compiler.export.verify import compare, tolerance
from netc.compiler.report.summary import symbols
from netc.compiler.resolve.network import Network
from netc.compiler.syntax.printer import print_tree
from netc.runtime.errors import RunError
from netc.runtime.session import Session
from netc.runtime.trainer import Trainer

from ..strategies.programs import make
from .weights import lively

BATCHES, LENGTHS = (1, 3, 7), (2, 6)
PARTS = 20


def network_of(seed: int, *, narrow: bool = False) -> tuple[Network, str]:
    """A random network with its text; `narrow` takes float32 for float64."""
    made = make(seed)
    text = print_tree(made.file)
    if narrow:
        text = text.replace("f64[", "f32[")
    found = compile_spec(Request("made", text, sets=made.sets, dims=made.dims))
    assert not found.failed, text
    return found.networks[0], f"seed {seed}\n{text}"


def proven(network: Network, seed: int, seen: Counter[str]) -> None:
    """Export a network at an opset of its own with its proof, then hold the one file against it at other sizes."""
    chance = random.Random(seed)
    opset, folded = chance.choice(list(IR_VERSIONS)), chance.random() < 0.7
    weights = lively(network, seed)
    made = export(network, weights, opset=opset, folded=folded)
    at = sizes(network)
    largest = {name: max(chosen[name] for chosen in at) for name in at[0]}
    trainer = reference(network, weights, None, **largest)

    def exact() -> Trainer:
        return reference(network, weights, "f64", **largest)

    found = [*made.differences, *compare(Session(to_bytes(made.proto)), trainer, exact, at, seed)]
    assert all(difference.equal(tolerance(trainer)) for difference in found), (opset, folded, found)
    compared = [difference.error for difference in found if difference.error is not None]
    seen["networks with nothing to compare"] += not compared
    seen["outputs compared"] += len(compared)
    seen["outputs with no finite entry"] += len(found) - len(compared)
    seen["networks"] += 1


def sizes(network: Network) -> list[dict[str, int]]:
    """Batches and lengths for a network; a length too short for it is left out."""
    names = [name for name in symbols(network) if name != "N"]
    found = []
    for batch, length in product(BATCHES, LENGTHS if names else LENGTHS[:1]):
        chosen = dict.fromkeys(names, length) | {"N": batch}
        with suppress(TooSmall):
            analyse(network.graph).check(chosen)
            found.append(chosen)
    return found


def tried(seeds: Iterable[int]) -> Counter[str]:
    """Prove networks; one in float64 for which the runtime lacks a kernel is proven in float32."""
    seen: Counter[str] = Counter()
    for seed in seeds:
        network, text = network_of(seed)
        try:
            try:
                proven(network, seed, seen)
            except RunError as error:
                if error.code != "no-kernel" or "f64[" not in text:
                    raise
                seen["narrowed"] += 1
                network, text = network_of(seed, narrow=True)
                proven(network, seed, seen)
        except Exception as error:
            raise AssertionError(f"{error!r}\n{text}") from error
    return seen


@pytest.mark.parametrize("part", range(4))
def test_random_networks_export_and_agree(part: int) -> None:
    seen = tried(range(100 * part, 100 * part + 30))
    assert seen["networks"] == 30
    assert seen["networks with nothing to compare"] <= 1
    assert seen["outputs compared"] > 20 * seen["outputs with no finite entry"]


@pytest.mark.trust
@pytest.mark.parametrize("part", range(PARTS))
def test_many_random_networks(part: int) -> None:
    count = int(os.environ.get("NETC_NETWORKS", 500)) // PARTS
    seen = tried(range(10_000 + count * part, 10_000 + count * (part + 1)))
    print(dict(seen))
    assert seen["networks"] == count
    assert seen["networks with nothing to compare"] <= count * 0.03
