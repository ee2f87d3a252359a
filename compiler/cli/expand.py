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
    show(found.diagnostics, options["color"])
    if not found.networks:
        raise click.exceptions.Exit(1)
    network = found.networks[0]
    try:
        click.echo(write_out(network, wanted.limits), nl=False)
    except CannotExpand as error:
        message = f"the net `{network.name}` cannot be written out: {error}"
        show((Diagnostic("not-expandable", message, network.span, help=error.help),), options["color"])
        raise click.exceptions.Exit(1) from None
    raise click.exceptions.Exit(1 if found.failed else 0)
