"""`netc profile`."""

from __future__ import annotations

from typing import Any

import click

from .options import budget_option, common, tier_option
from .running import make_program, one_network, run_errors


@click.command()
@click.argument("spec")
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True)
@click.option("--steps", type=click.IntRange(1, 1_000_000), default=20, show_default=True, help="Steps to measure.")
@budget_option
@tier_option
@common
def profile(spec: str, form: str, steps: int, memory_budget: int | None, **options: Any) -> None:
    """Time, bytes and GFLOP/s of every layer in a step of training SPEC, beside what the machine can do.

    A net without a `train` block is measured in a prediction. The batch is the spec's, or 1: `--dim N=32`.
    """
    given = one_network(spec, options)
    network = given.network
    with run_errors():
        batch = network.dims.get("N") or (network.settings.batch if network.settings else None) or 1
        program = make_program(given, batch, None, budget=memory_budget)

        from ...runtime.roofline import measure_roofline
        from ...runtime.trainer import Trainer
        from ...runtime.training.profile import profile as measure
        from ..report.profile import Profile, entries, owners, render, to_json

        trains = program.trains
        dims = program.step_sizes if trains else program.sizes
        roofline = measure_roofline(program.dtype)
        parts = measure(Trainer(program), steps, owners(network.graph))
        found = entries(network.graph, dims, parts)
        result = Profile(network, dims, program.dtype, program.tier, trains, steps, roofline, found)
        click.echo({"table": render, "json": to_json}[form](result))
