"""`netc expand`."""

from __future__ import annotations

from typing import Any

import click

from ..diagnostics.diagnostic import Diagnostic
from .options import common, compiled, request, show


@click.command()
@click.argument("spec")
@common
def expand(spec: str, **options: Any) -> None:
    """The network of SPEC as a spec without parameters, loops, conditions and variants.

    It has the same layers, figures and names of weights, and no comments.
    """
    from ..expand.expand import CannotExpand
    from ..expand.expand import expand as write_out

    wanted = request(spec, options)
    found = compiled(wanted, options["color"])
    diagnostics, text = found.diagnostics, None
    for network in found.networks[:1]:
        try:
            text = write_out(network, wanted.limits)
        except CannotExpand as error:
            message = f"the net `{network.name}` cannot be written out: {error}"
            diagnostics += (Diagnostic("not-expandable", message, network.span, help=error.help),)
    show(diagnostics, options["color"])
    if text is not None:
        click.echo(text, nl=False)
    raise click.exceptions.Exit(1 if text is None or found.failed else 0)
