"""`netc gradcheck`."""

from __future__ import annotations

from typing import Any

import click

from ...runtime.record import replace
from .options import common, tier_option
from .running import make_program, one_network, run_errors

# Steps of a sequence: a first, a last, and one with both a state before it and one after it.
STEPS = 3


@click.command()
@click.argument("spec")
@click.option("--batch", type=click.IntRange(min=1), default=4, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--samples", type=click.IntRange(min=1), default=20, show_default=True, help="Entries of each parameter.")
@click.option("--tolerance", type=click.FloatRange(min=0, min_open=True), default=1e-6, show_default=True)
@tier_option
@common
def gradcheck(spec: str, batch: int, seed: int, samples: int, tolerance: float, **options: Any) -> None:
    """The gradients of SPEC in float64 against central differences, parameter by parameter.

    T, the steps of a sequence, is 3 unless `--dim T=…` says otherwise.
    """
    given = one_network(spec, options)
    given = replace(given, network=replace(given.network, dims={"T": STEPS} | dict(given.network.dims)))
    with run_errors():
        from ...runtime.training.gradcheck import gradcheck as compare

        found = compare(make_program(given, batch, "float64"), seed, samples)
        if not found:
            click.echo(f"the net `{given.network.name}` has no parameters: there is nothing to check", err=True)
            return
        worst = max(found, key=lambda entry: entry.error)
        for entry in found:
            mark = "ok" if entry.error <= tolerance else "WRONG"
            click.echo(f"{entry.error:9.2e}  {mark:5}  {entry.name}")
        if worst.error > tolerance:
            click.echo(f"the gradient of {worst.name} is off by {worst.error:.2e} of its largest entry", err=True)
            raise click.exceptions.Exit(1)
        click.echo(f"all within {tolerance:g} of the largest entry; the worst is {worst.name}", err=True)
