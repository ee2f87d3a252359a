"""A drawing of a memory plan: time from left to right, the arena from top to bottom, a box for each piece of memory."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..diagnostics.visible import visible
from ..emit.lifetimes import Piece
from ..emit.plans import Plan
from ..graph.graph import Use, name_of
from .table import size as readable

WIDTH, HEIGHT = 960, 540
MARGIN = 40
COLORS = {"fed": "#9aa5b1", "forward": "#4c8bf5", "gradient": "#e8833a"}


def memory_map(plan: Plan, uses: Sequence[Use], title: str) -> str:
    """An SVG drawing of the activations of a plan's last body: a training step, or a prediction."""
    _, body, room = plan.bodies[-1]
    found = {id(piece): piece for piece in room.homes.values() if piece.fixed is None or piece.fixed[0] == "gradient"}
    top = plan.arena.first
    makers = {value: written.node.use for written in body.nodes for value in written.node.outs}
    steps = len(body.nodes) + 1
    boxes = []
    for piece in found.values():
        bytes = max(body.spelling.bytes(value.type) for value in piece.values)
        x, width = _span(piece, steps)
        place = piece.place if piece.fixed is None else plan.arena.gradients[piece.fixed[1]] or 0
        y, height = (HEIGHT * part / max(top, 1) for part in (place, bytes))
        kind = "fed" if piece.start < 0 else "gradient" if piece.start >= body.computation.forward else "forward"
        names = sorted({visible(name_of(uses, makers[value])) for value in piece.values if value in makers})
        label = escape(f"{', '.join(names) or 'input'}: {readable(bytes)}, nodes {piece.start} to {piece.end}")
        boxes.append(
            f'<rect x="{MARGIN + x:.1f}" y="{MARGIN + y:.1f}" width="{max(width, 1):.1f}" '
            f'height="{max(height, 0.5):.1f}" fill="{COLORS[kind]}"><title>{label}</title></rect>'
        )
    turn = MARGIN + WIDTH * (body.computation.forward + 1) / steps
    legend = " ".join(
        f'<tspan fill="{color}">■</tspan> {name}'
        for name, color in zip(("fed", "forward", "gradients"), COLORS.values(), strict=True)
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + 2 * MARGIN} {HEIGHT + 2 * MARGIN}" '
            'font-family="sans-serif" font-size="13">',
            f"<title>{escape(visible(title))}</title>",
            f'<rect x="{MARGIN}" y="{MARGIN}" width="{WIDTH}" height="{HEIGHT}" fill="#f4f5f7" stroke="#c3c9d0"/>',
            '<g stroke="white" stroke-width="0.5">',
            *boxes,
            "</g>",
            f'<path d="M{turn:.1f} {MARGIN}v{HEIGHT}" stroke="#333" stroke-dasharray="4"/>',
            f'<text x="{MARGIN}" y="{MARGIN - 12}">{escape(visible(title))}: '
            f"gradients and activations of {readable(top)}; {legend}</text>",
            f'<text x="{MARGIN}" y="{MARGIN + HEIGHT + 22}">time: {len(body.nodes)} operations from left to right; '
            "the arena from top to bottom; the line is where the gradients begin</text>",
            "</svg>",
            "",
        ]
    )


def _span(piece: Piece, steps: int) -> tuple[float, float]:
    """Where a piece's life starts and how long it is; a step that makes and drops it is one unit wide."""
    unit = WIDTH / steps
    return (piece.start + 1) * unit, (min(piece.end, steps - 2) - piece.start + 1) * unit
