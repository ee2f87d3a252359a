"""`netc check`."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from ..diagnostics.diagnostic import Diagnostic
from ..diagnostics.formats import to_github, to_json
from ..diagnostics.render import concise, report, where
from ..diagnostics.visible import visible
from ..driver import Compiled, Request, Unchecked, compile_spec
from ..reading import ReadError
from .amounts import Amount, amount
from .budgets import Budgets
from .options import colored, common, request


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--max-params", type=amount, metavar="AMOUNT", help="Fail when a network has more parameters.")
@click.option("--max-macs", type=amount, metavar="AMOUNT", help="Fail when a forward pass takes more MACs, at N = 1.")
@click.option(
    "--max-memory",
    type=amount,
    metavar="AMOUNT",
    help="Fail when a network needs more memory, to train where it has a `train` block, at N = 1 or --dim.",
)
@click.option(
    "--output-format", type=click.Choice(("full", "concise", "json", "github")), default="full", show_default=True
)
@common
def check(
    specs: tuple[str, ...],
    max_params: Amount | None,
    max_macs: Amount | None,
    max_memory: Amount | None,
    output_format: str,
    **options: Any,
) -> None:
    """All errors of each SPEC at once, in every net and variant, with its expectations and the budgets given."""
    budgets = Budgets(max_params, max_macs, max_memory)
    diagnostics: list[Diagnostic] = []
    unreadable = False
    ends: list[str] = []
    for spec in specs:
        wanted = request(spec, options, every=not options["variant"])
        found, failed_to_read = _compile(wanted)
        unreadable = unreadable or failed_to_read
        over = [diagnostic for network in found.networks for diagnostic in budgets.exceeded(network)]
        diagnostics += [*found.diagnostics, *over]
        if not found.failed and not over:
            count = len(found.networks)
            ends.append(f"ok: {visible(spec)} ({count} network{'s' if count != 1 else ''})")
            # Variants have it in common.
            ends += dict.fromkeys(f"note: {size}" for network in found.networks for size in budgets.sizes(network))
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
