"""`netc check`."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from ..analysis.figures import FREE, TooSmall, analyse
from ..diagnostics.diagnostic import Diagnostic
from ..diagnostics.formats import to_github, to_json
from ..diagnostics.render import concise, report, where
from ..diagnostics.visible import visible
from ..driver import Compiled, Request, Unchecked, compile_spec
from ..graph.dims import Unbound
from ..reading import ReadError
from ..report.summary import no_figure
from ..resolve.network import Network
from .options import amount, colored, common, request


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--max-params", type=amount, metavar="AMOUNT", help="Fail when a network has more parameters.")
@click.option("--max-macs", type=amount, metavar="AMOUNT", help="Fail when a forward pass takes more MACs.")
@click.option("--max-memory", type=amount, metavar="AMOUNT", help="Fail when a network needs more memory.")
@click.option(
    "--output-format", type=click.Choice(("full", "concise", "json", "github")), default="full", show_default=True
)
@common
def check(
    specs: tuple[str, ...],
    max_params: int | None,
    max_macs: int | None,
    max_memory: int | None,
    output_format: str,
    **options: Any,
) -> None:
    """All errors of each SPEC at once, in every net and variant, with its expectations and the budgets given."""
    diagnostics: list[Diagnostic] = []
    unreadable = False
    ends: list[str] = []
    for spec in specs:
        wanted = request(spec, options, every=not options["variant"])
        found, failed_to_read = _compile(wanted)
        unreadable = unreadable or failed_to_read
        over = _budgets(found.networks, max_params, max_macs) + _memory(found.networks, max_memory)
        diagnostics += [*found.diagnostics, *over]
        if not found.failed and not over:
            count = len(found.networks)
            ends.append(f"ok: {visible(spec)} ({count} network{'s' if count != 1 else ''})")
        ends += [_not_checked(skipped) for skipped in found.unchecked]
    _print(diagnostics, ends, output_format, wanted.limits.diagnostics, options["color"])
    errors = any(diagnostic.severity == "error" for diagnostic in diagnostics)
    raise click.exceptions.Exit(2 if unreadable else 1 if errors else 0)


def _compile(wanted: Request) -> tuple[Compiled, bool]:
    try:
        return compile_spec(wanted), False
    except ReadError as error:
        return Compiled((), (error.diagnostic,)), error.diagnostic.span is None


def _not_checked(skipped: Unchecked) -> str:
    many = f"{skipped.count} expectations" if skipped.count > 1 else "1 expectation"
    return f"not checked: {many} of `{skipped.title}` at {where(skipped.span)}, since {skipped.reason}"


def _budgets(networks: tuple[Network, ...], max_params: int | None, max_macs: int | None) -> list[Diagnostic]:
    found = []
    for network in networks:
        title = f"{network.name} variant {network.variant}" if network.variant else network.name
        analysis = analyse(network.graph)
        totals = analysis.totals
        if max_params is not None and totals.params > max_params:
            found.append(_over(network, f"`{title}` has {totals.params:,} parameters, the budget is {max_params:,}"))
        if max_macs is not None:
            try:
                macs = analysis.at(network.dims).macs
            except Unbound as error:
                found.append(
                    _over(network, f"the MACs of `{title}` depend on {error.symbol}", f"--dim {error.symbol}=…")
                )
            except TooSmall as error:
                found.append(no_figure(error, network))
            else:
                if not isinstance(macs, int) or macs > max_macs:
                    found.append(_over(network, f"`{title}` takes {macs:,} MACs, the budget is {max_macs:,}"))
    return found


def _memory(networks: tuple[Network, ...], most: int | None) -> list[Diagnostic]:
    """The networks whose memory is over the budget: that for training, or of those without it for inference."""
    if most is None:
        return []
    from ..emit.memory import needed

    found = []
    for network in networks:
        title = f"{network.name} variant {network.variant}" if network.variant else network.name
        try:
            memory = needed(network.graph, network.settings, FREE | dict(network.dims))
        except Unbound as error:
            message = f"the memory of `{title}` depends on {error.symbol}"
            found.append(_over(network, message, f"--dim {error.symbol}=…"))
            continue
        total = (memory.training or memory.inference).total
        if total > most:
            what = "training" if memory.training else "inference"
            found.append(_over(network, f"{what} `{title}` takes {total:,} bytes, the budget is {most:,}"))
    return found


def _over(network: Network, message: str, help: str = "make the network smaller, or the budget larger") -> Diagnostic:
    return Diagnostic("budget", message, network.span, help=help)


def _print(diagnostics: list[Diagnostic], ends: list[str], form: str, shown: int, color: str) -> None:
    if form == "json":
        click.echo(json.dumps(to_json(diagnostics), indent=1))
    elif form == "github":
        click.echo(to_github(diagnostics), nl=bool(diagnostics))
    elif form == "concise":
        lines = [concise(diagnostic) for diagnostic in diagnostics[:1000]]
        rest = [f"and {len(diagnostics) - 1000} more"] if len(diagnostics) > 1000 else []
        click.echo("\n".join([*lines, *rest, *ends]))
    else:
        colour = colored(color, sys.stdout)
        if diagnostics:
            click.echo(report(diagnostics[:shown], shown, color=colour), color=True)
        if len(diagnostics) > shown:
            click.echo(f"\nand {len(diagnostics) - shown} more")
        click.echo("\n".join(ends), nl=bool(ends))
