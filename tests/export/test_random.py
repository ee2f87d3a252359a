"""Random networks: what they export is what the NumPy program computes, at any batch and length.

`NETC_NETWORKS=10000 make trust` sets how many of them the long run tries.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from netc.compiler.analysis.figures import TooSmall, analyse
from netc.compiler.driver import Request, compile_spec
from netc.compiler.export.export import export_file, reference
from netc.compiler.export.model import IR_VERSIONS
from netc.compiler.export.verify import compare, tolerance
from netc.compiler.report.summary import symbols
from netc.compiler.resolve.network import Network
from netc.compiler.syntax.printer import print_tree
from netc.runtime.errors import RunError
from netc.runtime.session import Session
from netc.runtime.trainer import Trainer

from ..conftest import Promise
from ..strategies import cells, programs, recurrent
from .weights import lively

BATCHES, LENGTHS = (1, 3, 7), (2, 6)
PARTS = 20
# Of five networks two are recurrent: one of bundled cells, and one of random equations.
RECURRENT = {0: recurrent.make, 1: cells.make}


class NotFinite(Exception):
    """Only outputs that are not wholly finite differ."""


def network_of(seed: int, *, narrow: bool = False) -> tuple[Network, str]:
    """A random network with its text; `narrow` takes float32 for float64."""
    if seed % 5 in RECURRENT:
        request = Request("made", RECURRENT[seed % 5](seed))
    else:
        made = programs.make(seed)
        request = Request("made", print_tree(made.file), sets=made.sets, dims=made.dims)
    text = request.text or ""
    if narrow:
        text = text.replace("f64[", "f32[")
    found = compile_spec(replace(request, text=text))
    assert not found.failed, text
    return found.networks[0], f"seed {seed}\n{text}"


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
    at = sizes(network)
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
