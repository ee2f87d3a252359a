"""The analysis for programs: JSON, CSV and Markdown."""

from __future__ import annotations

import json
import re
from typing import Any

from ...runtime.program import Memory
from ..diagnostics.visible import visible
from ..graph.dims import Poly
from ..version import VERSION
from .summary import Line, Summary
from .table import HEAD, RIGHT, cells, footer, title, total_cells

COLUMNS = (
    "name",
    "op",
    "output",
    "padding",
    "params",
    "buffers",
    "macs",
    "flops",
    "activation_bytes",
    "receptive_field",
    "shared_with",
    "line",
)


INFERENCE = ("parameters", "buffers", "activations", "workspace", "total")
TRAINING = ("parameters", "buffers", "gradients", "optimizer", "activations", "workspace", "total")


def to_dict(summary: Summary) -> dict[str, Any]:
    """The analysis as `analysis.schema.json` describes it."""
    network, totals = summary.network, summary.totals
    inference, training = summary.memory.inference, summary.memory.training
    return {
        "format_version": 1,
        "tool": {"name": "netc", "version": VERSION},
        "spec": {
            "file": network.file,
            "net": network.name,
            "variant": network.variant,
            "parameters": dict(network.parameters),
            "dims": dict(summary.dims),
        },
        "layers": [_layer(line) for line in summary.lines],
        "totals": {"params": totals.params, "buffers": totals.buffers, "macs": totals.macs, "flops": totals.flops},
        "memory": {
            "tier": summary.tier,
            "inference": _memory(inference, INFERENCE),
            "training": _memory(training, TRAINING) if training else None,
        },
    }


def _memory(memory: Memory, parts: tuple[str, ...]) -> dict[str, int]:
    return {part: getattr(memory, part) for part in parts}


def _layer(line: Line) -> dict[str, Any]:
    row, column = line.span.position
    return {
        "name": line.name,
        "op": line.op,
        "inputs": [list(shape) for shape in line.inputs],
        "output": list(line.output),
        "output_symbolic": [str(dim) if isinstance(dim, Poly) else dim for dim in line.symbolic],
        "padding": list(line.padding) if line.padding is not None else None,
        "params": line.params,
        "buffers": line.buffers,
        "macs": line.macs,
        "flops": line.flops,
        "activation_bytes": line.activation_bytes,
        "receptive_field": list(line.field) if line.field is not None else None,
        "shared_with": line.shared_with,
        "source": {"file": line.span.source.name, "line": row, "column": column},
        "parts": [_layer(part) for part in line.parts],
    }


def to_json(summary: Summary) -> str:
    return json.dumps(to_dict(summary), indent=1, ensure_ascii=True)


def to_csv(summary: Summary) -> str:
    """One line for each layer use; lists are written with spaces."""
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in summary.lines:
        writer.writerow(
            [
                line.name,
                line.op,
                _spaced(line.output),
                _spaced(line.padding),
                line.params,
                line.buffers,
                line.macs,
                line.flops,
                line.activation_bytes,
                _spaced(line.field),
                line.shared_with or "",
                line.span.position[0],
            ]
        )
    return out.getvalue().rstrip("\n")


def _spaced(numbers: tuple[int, ...] | None) -> str:
    return " ".join(map(str, numbers or ()))


def to_markdown(summary: Summary) -> str:
    """The table for a page or a pull request."""
    rows = [HEAD, tuple("---:" if right else "---" for right in RIGHT), *cells(summary), total_cells(summary)]
    table = [f"| {' | '.join(visible(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join([_code(title(summary)), "", *table, "", *footer(summary)])


def _code(text: str) -> str:
    """As a code span: what a spec or its file is called cannot become a link, an image or HTML."""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"
