"""The profile of a step: times beside operations, bytes and what the machine can do; as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...runtime.record import Record
from ..analysis.figures import Row, analyse
from ..diagnostics.visible import visible
from ..graph.dims import bound
from ..graph.graph import Graph
from ..resolve.network import Network
from ..version import VERSION
from .table import size

if TYPE_CHECKING:
    from ...runtime.roofline import Roofline
    from ...runtime.training.profile import Part

STAGES = ("forward", "again", "backward", "update", "inputs")
HEAD = ("layer", "kind", "time", "share", "bytes", "FLOPs", "GFLOP/s", "GB/s", "roof")


class Entry(Record):
    """One part of the step; `flops` is None where the analysis does not count them."""

    part: Part
    kind: str
    flops: int | None


class Profile(Record):
    """A step of training, or a prediction, at `dims`."""

    network: Network
    dims: Mapping[str, int]
    dtype: str
    tier: str
    trains: bool
    steps: int
    roofline: Roofline
    entries: tuple[Entry, ...]

    @property
    def seconds(self) -> float:
        return sum(entry.part.seconds for entry in self.entries)


def owners(graph: Graph) -> dict[str, str]:
    """For each use in the equations of a cell, the name of the use of the cell."""
    found = {}
    for use in graph.uses:
        owner = use
        while owner.part_of is not None:
            owner = graph.uses[owner.part_of]
        found[visible(use.name)] = visible(owner.name)
    return found


def entries(graph: Graph, dims: Mapping[str, int], parts: Sequence[Part]) -> tuple[Entry, ...]:
    """The parts with their layers' operations, by stage, in the order in which they run.

    A forward pass has the layer's FLOPs. A backward pass has the multiply-accumulates of a forward pass twice, by the
    weights and by the input, and its other operations once; those by the input are left out where no parameter is
    before the layer. Of a cell, both are counted. Those of values that are made again are not counted.
    """
    rows = {visible(row.use.name): row for row in analyse(graph).rows}
    trained = _trained(graph)
    found = []
    for part in sorted(parts, key=lambda part: STAGES.index(part.stage)):
        row = rows.get(part.layer)
        flops = _flops(row, part.stage, trained, dims) if row else None
        found.append(Entry(part, visible(row.use.kind) if row else "", flops))
    return tuple(found)


def _flops(row: Row, stage: str, trained: set[int], dims: Mapping[str, int]) -> int | None:
    forward, macs = bound(row.flops, dims), bound(row.macs, dims)
    if stage == "forward":
        return forward
    if stage != "backward":
        return None
    both = row.parts or any(value.number in trained for value in row.use.ins)
    return forward + (2 * macs if both else 0)


def _trained(graph: Graph) -> set[int]:
    """The numbers of the values that a trained parameter has a part in."""
    found = {parameter.value.number for parameter in graph.parameters if parameter.trainable}
    for node in graph.nodes:
        if any(value.number in found for value in node.ins):
            found.update(value.number for value in node.outs)
    return found


def render(profile: Profile) -> str:
    """The table for people."""
    body: list[tuple[str, ...] | None] = []
    for stage in STAGES:
        group = [entry for entry in profile.entries if entry.part.stage == stage]
        if stage in ("update", "inputs"):
            body += [(stage, *_cells(entry, profile)[1:]) for entry in group]
        elif group:
            body += [(stage, *_sums(group, profile)), *(_cells(entry, profile) for entry in group), None]
    total = ("total", *_sums(profile.entries, profile))
    rows = [row for row in (HEAD, *body, total) if row is not None]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    rule = "  ".join("─" * width for width in widths)
    lines = [_join(HEAD, widths), rule, *("" if row is None else _join(row, widths) for row in body)]
    return "\n".join([_title(profile), "", *lines, rule, _join(total, widths), "", *_footer(profile)])


def _title(profile: Profile) -> str:
    variant = f" variant {profile.network.variant}" if profile.network.variant else ""
    asked = profile.network.dims
    at = ", ".join(
        f"{name} = {number}"
        # A step goes over one chunk of the sequences.
        + (f" of {asked[name]} (`unroll`)" if asked.get(name, number) != number else "")
        for name, number in profile.dims.items()
    )
    what = "a step of training" if profile.trains else "a prediction"
    return f"{profile.network.name}{variant}: {what} at {at or 'the sizes given'}, {profile.dtype}"


def _footer(profile: Profile) -> list[str]:
    machine = profile.roofline
    backward = "; backward: MACs twice, other operations once" if profile.trains else ""
    return [
        f"this machine: {machine.flops / 1e9:,.0f} GFLOP/s in a product of matrices, "
        f"{machine.bandwidth / 1e9:,.1f} GB/s read and written by a copy",
        f"time: mean over the middle half of the steps, of which there were {profile.steps}; "
        "inputs: checking and copying them",
        "bytes: parameters, inputs, results and gradients that a layer's statements name, each once; "
        "a table that is looked up counts whole, which makes `embed` look too fast",
        f"FLOPs: of the analysis{backward}",
        *(["the loss is in the row of its output, its operations are not counted"] if profile.trains else []),
        "roof: the least time for so many FLOPs and bytes here, as a share of the time; above 100 % from a cache",
    ]


def _cells(entry: Entry, profile: Profile) -> tuple[str, ...]:
    part, flops = entry.part, entry.flops
    figures = _figures(entry, profile)
    return (
        f"  {part.layer}",
        entry.kind,
        _milliseconds(part.seconds),
        _percent(figures["share"]),
        "" if part.bytes is None else size(part.bytes),
        "" if flops is None else f"{flops:,}",
        "" if figures["gflops"] is None else f"{figures['gflops']:,.1f}",
        "" if figures["gbytes"] is None else f"{figures['gbytes']:,.1f}",
        _percent(figures["roof"]),
    )


def _sums(entries: Sequence[Entry], profile: Profile) -> tuple[str, ...]:
    seconds = sum(entry.part.seconds for entry in entries)
    return ("", _milliseconds(seconds), _percent(_ratio(seconds, profile.seconds)), *[""] * 5)


def _figures(entry: Entry, profile: Profile) -> dict[str, float | None]:
    """The shares and rates of a part, None where what they are made of is not known."""
    part, flops = entry.part, entry.flops
    least = None if part.bytes is None or flops is None else profile.roofline.least(flops, part.bytes)
    return {
        "share": _ratio(part.seconds, profile.seconds),
        "gflops": None if flops is None else _ratio(flops / 1e9, part.seconds),
        "gbytes": None if part.bytes is None else _ratio(part.bytes / 1e9, part.seconds),
        "roof": None if least is None else _ratio(least, part.seconds),
    }


def _ratio(amount: float, whole: float) -> float | None:
    """None where the clock has seen no time go by."""
    return amount / whole if whole else None


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:,.3f} ms"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


def _join(row: Sequence[str], widths: Sequence[int]) -> str:
    texts = zip(row, widths, strict=True)
    parts = [text.ljust(width) if place < 2 else text.rjust(width) for place, (text, width) in enumerate(texts)]
    return "  ".join(parts).rstrip()


def to_json(profile: Profile) -> str:
    """The same for programs: seconds, bytes and operations; shares as fractions, null where something is not known."""
    network = profile.network
    content: dict[str, Any] = {
        "format_version": 1,
        "tool": {"name": "netc", "version": VERSION},
        "spec": {
            "file": network.file,
            "net": network.name,
            "variant": network.variant,
            "parameters": dict(network.parameters),
            "dims": dict(profile.dims),
        },
        "what": "step" if profile.trains else "prediction",
        "dtype": profile.dtype,
        "tier": profile.tier,
        "steps": profile.steps,
        "roofline": {
            "gflops": profile.roofline.flops / 1e9,
            "gbytes": profile.roofline.bandwidth / 1e9,
        },
        "seconds": profile.seconds,
        "parts": [
            {
                "stage": entry.part.stage,
                "layer": entry.part.layer or None,
                "op": entry.kind or None,
                "seconds": entry.part.seconds,
                "bytes": entry.part.bytes,
                "flops": entry.flops,
                **_figures(entry, profile),
            }
            for entry in profile.entries
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)
