"""`netc analyze`."""

from __future__ import annotations

import sys
from typing import Any

import click

from ...runtime.errors import RunError
from ..analysis.figures import FREE, TooSmall
from ..graph.dims import Unbound
from ..graph.tiers import Tier
from ..report.summary import no_figure, summarise
from ..resolve.network import Network
from ..units import in_unit
from .amounts import Amount, amount
from .options import colored, common, compiled, request, show, tier_option
from .running import budget_errors, run_errors


@click.command()
@click.argument("spec")
@click.option(
    "--format", "form", type=click.Choice(("table", "json", "csv", "markdown")), default="table", show_default=True
)
@click.option("--depth", type=click.IntRange(min=1), help="Show scopes deeper than this as one row each.")
@click.option(
    "--explain", is_flag=False, flag_value="", metavar="[LAYER]", help="Derive every figure, or those of one layer."
)
@click.option("--optimizer", type=click.Choice(("sgd", "momentum", "adam")), help="Plan training with it.")
@click.option("--budget", type=amount, metavar="AMOUNT", help="Print the largest batch that fits, as 2GiB.")
@click.option("--memory-budget", type=amount, metavar="AMOUNT", help="Plan training within it, as 200MiB.")
@tier_option
@common
def analyze(
    spec: str,
    form: str,
    depth: int | None,
    explain: str | None,
    optimizer: str | None,
    budget: Amount | None,
    memory_budget: int | None,
    tier: Tier | None,
    **options: Any,
) -> None:
    """Sizes, padding, parameters, operations and memory of every layer of SPEC, exact and without running anything."""
    if explain is not None and (form != "table" or depth is not None):
        raise click.UsageError("`--explain` writes text on single layers: leave out `--format` and `--depth`")
    found = compiled(request(spec, options), options["color"])
    show(found.diagnostics, options["color"])
    if not found.networks:
        raise click.exceptions.Exit(1)
    try:
        with run_errors():
            if budget is not None:
                _batch(found.networks[0], budget, optimizer)
            else:
                _print(
                    found.networks[0], form, depth, explain, optimizer, memory_budget, tier or "numpy", options["color"]
                )
    except (Unbound, TooSmall) as error:
        show((no_figure(error, found.networks[0]),), options["color"])
        raise click.exceptions.Exit(1) from None
    raise click.exceptions.Exit(1 if found.failed else 0)


def _batch(network: Network, budget: Amount, optimizer: str | None) -> None:
    from ..emit.memory import largest_batch

    found = largest_batch(network.graph, network.settings, FREE | dict(network.dims), budget, optimizer)
    what = "training" if network.settings else "inference"
    room = f"{budget:,} bytes{in_unit(budget, budget.unit)}"
    if found == 0:
        message = f"{what} `{network.name}` at N = 1 takes more than {room}"
        raise RunError("over-budget", message, "make the network smaller, or the budget larger")
    click.echo(f"N = {found}: the largest batch whose {what} fits into {room}")


def _print(
    network: Network,
    form: str,
    depth: int | None,
    explain: str | None,
    optimizer: str | None,
    budget: int | None,
    tier: Tier,
    color: str,
) -> None:
    if explain is not None:
        from ..report.explain import NoSuchLayer
        from ..report.explain import explain as derive

        try:
            click.echo(derive(network, explain or None))
        except NoSuchLayer as error:
            raise click.UsageError(str(error)) from None
        return
    with budget_errors():
        summary = summarise(network, depth, optimizer, budget, tier)
    if form == "table":
        from ..report.table import print_rich, render

        if colored(color, sys.stdout):
            print_rich(summary)
        else:
            click.echo(render(summary))
        return
    from ..report import data

    click.echo({"json": data.to_json, "csv": data.to_csv, "markdown": data.to_markdown}[form](summary))
