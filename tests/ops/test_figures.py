"""What each primitive counts, in one table to read: those of gradients and of training, which no layer's page has, are
what `netc profile` divides by the time."""

from __future__ import annotations

from itertools import groupby

from ..conftest import Snapshot
from .test_primitives import EXAMPLES

# So many examples of each primitive, from the first on.
EACH = 3


def test_the_table_of_figures(snapshot: Snapshot) -> None:
    """All but the loop's, which counts what its body does."""
    lines = []
    for name, group in groupby(EXAMPLES, key=lambda entry: entry[0].rpartition("-")[0]):
        examples = [example for _, example in group if name != "Scan"]
        for example in examples[:: max(len(examples) // EACH, 1)]:
            outs = example.op.infer(example.ins)
            macs, flops = (figure(example.ins, outs).value for figure in (example.op.macs, example.op.flops))
            types = f"({', '.join(map(str, example.ins))}) -> {', '.join(map(str, outs))}"
            lines.append(f"{example.op!r} {types}: {macs} MACs, {flops} FLOPs")
    snapshot("\n".join(sorted(lines)), "figures.txt")
