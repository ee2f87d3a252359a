"""`netc limits`."""

from __future__ import annotations

import click

from ...runtime.record import asdict
from ..limits import DEFAULT_LIMITS, MEANINGS


@click.command()
def limits() -> None:
    """Every limit, its value and what it counts; `--limit NAME=VALUE` of other commands raises one."""
    values = {name: f"{value:,}" for name, value in asdict(DEFAULT_LIMITS).items()}
    left, right = max(map(len, values)), max(map(len, values.values()))
    click.echo("\n".join(f"{name:<{left}}  {value:>{right}}  {MEANINGS[name]}" for name, value in values.items()))
