"""The table for people."""

from __future__ import annotations

from collections.abc import Sequence

from ...runtime.program import Memory
from ..diagnostics.visible import visible
from .summary import Line, Summary

HEAD = ("layer", "kind", "output", "padding", "params", "MACs", "memory", "field")
RIGHT = (False, False, False, False, True, True, True, True)
LONGEST = 200
MEMORY = ("parameters", "buffers", "gradients", "optimizer", "activations", "workspace")


def cells(summary: Summary) -> list[tuple[str, ...]]:
    """The rows of the table as text."""
    return [_cells(line) for line in summary.lines]


def total_cells(summary: Summary) -> tuple[str, ...]:
    memory = sum(line.activation_bytes for line in summary.lines)
    return ("total", "", "", "", f"{summary.totals.params:,}", f"{summary.totals.macs:,}", size(memory), "")


def _cells(line: Line) -> tuple[str, ...]:
    params = f"{line.params:,}" if line.shared_with is None else f"= {line.shared_with}"
    return (
        visible(line.name),
        line.op,
        "×".join(f"({dim})" if " " in str(dim) else str(dim) for dim in line.symbolic),
        _padding(line.padding),
        params,
        f"{line.macs:,}",
        size(line.activation_bytes),
        "×".join(map(str, line.field)) if line.field else "",
    )


def _padding(padding: tuple[int, ...] | None) -> str:
    """`0` or `2` on all sides, else each side."""
    if padding is None:
        return ""
    return str(padding[0]) if len(set(padding)) == 1 else " ".join(map(str, padding))


def size(count: int) -> str:
    """A number of bytes in the largest unit that it fills: `18.4 KiB`."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if amount < 1024 or unit == "TiB":
            return f"{count} B" if unit == "B" else f"{amount:,.1f} {unit}"
        amount /= 1024
    raise AssertionError("unreachable")


def title(summary: Summary) -> str:
    network = summary.network
    variant = f" variant {network.variant}" if network.variant else ""
    given = ", ".join(f"{name} = {visible(value)}" for name, value in network.parameters.items())
    return f"{network.name}{variant}" + (f" ({given})" if given else "") + f" from {visible(network.file)}"


def memory(found: Memory) -> str:
    """The total, then its parts: `1.2 MiB (parameters 240.0 KiB, activations 1.0 MiB)`."""
    parts = (f"{name} {size(getattr(found, name))}" for name in MEMORY if getattr(found, name))
    return f"{size(found.total)} ({', '.join(parts)})"


def again(summary: Summary) -> str:
    """What a step of training computes to stay within its budget, beside a forward pass."""
    count, forward = summary.memory.again, summary.totals.flops
    share = f", {count / forward:.1%} of a forward pass" if isinstance(forward, int) and forward else ""
    return f"to stay within {size(summary.budget or 0)}, a step makes values again by {count:,} FLOPs{share}"


def footer(summary: Summary) -> list[str]:
    """The totals in words, and the conventions behind the numbers."""
    totals = summary.totals
    at = ", ".join(f"{name} = {value}" for name, value in summary.dims.items()) or "the sizes given"
    buffers = f", {totals.buffers:,} buffers ({size(totals.buffer_bytes)})" if totals.buffers else ""
    training = summary.memory.training
    block = ", of a block the sum of all in it" if summary.depth else ""
    return [
        f"{totals.params:,} parameters ({size(totals.parameter_bytes)}){buffers}",
        f"{totals.macs:,} MACs, {totals.flops:,} FLOPs in one forward pass at {at}",
        "MACs: multiply-accumulates of convolutions and fully connected layers; FLOPs: every arithmetic operation.",
        f"memory for inference at {at}: {memory(summary.memory.inference)}",
        *([f"memory for training: {memory(training)}"] if training else []),
        *([again(summary)] if training and summary.budget is not None else []),
        f"memory of a layer: the bytes of its result at {at}{block}; field: receptive field.",
        "padding: on all sides, or top bottom left right.",
    ]


def render(summary: Summary) -> str:
    """The table as plain text; beyond 200 rows its middle is left out."""
    rows = [*_shown(summary), total_cells(summary)]
    widths = [max(len(row[i]) for row in (HEAD, *rows)) for i in range(len(HEAD))]
    rule = "  ".join("─" * width for width in widths)
    body = [_join(row, widths) for row in rows]
    return "\n".join([title(summary), "", _join(HEAD, widths), rule, *body[:-1], rule, body[-1], "", *footer(summary)])


def _shown(summary: Summary) -> list[tuple[str, ...]]:
    lines = summary.lines
    if len(lines) <= LONGEST:
        return cells(summary)
    half = LONGEST // 2
    gap = (f"… {len(lines) - 2 * half:,} more", *[""] * (len(HEAD) - 1))
    return [*map(_cells, lines[:half]), gap, *map(_cells, lines[-half:])]


def _join(row: Sequence[str], widths: Sequence[int]) -> str:
    parts = [
        cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(row, widths, RIGHT, strict=True)
    ]
    return "  ".join(parts).rstrip()


def print_rich(summary: Summary) -> None:
    """The same table with colours, on a terminal or where they were asked for."""
    import sys

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title(summary)), title_justify="left", box=None, header_style="bold", show_footer=True)
    for name, right, foot in zip(HEAD, RIGHT, total_cells(summary), strict=True):
        table.add_column(name, justify="right" if right else "left", footer=Text(foot), overflow="fold")
    for row in _shown(summary):
        table.add_row(*(Text(cell) for cell in row))
    width = None if sys.stdout.isatty() else 10_000
    console = Console(force_terminal=True, no_color=False, color_system="standard", width=width)
    console.print(table)
    for line in footer(summary):
        console.print(Text(line, style="dim"))
