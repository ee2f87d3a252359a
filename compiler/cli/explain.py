"""`netc explain`."""

from __future__ import annotations

import click

from ..diagnostics.codes import CODES, RUN_CODES
from ..diagnostics.suggest import likely
from ..diagnostics.visible import visible


@click.command()
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """What a diagnostic's CODE means, with an example and how it is mended; without a code, the list of all."""
    if code is None:
        width = max(map(len, (*CODES, *RUN_CODES)))
        for title, codes in (("In a spec:", CODES), ("When a network runs:", RUN_CODES)):
            click.echo("\n".join([title, *(f"  {name:<{width}}  {text}" for name, text in sorted(codes.items()))]))
        return
    if code not in CODES and code not in RUN_CODES:
        near = likely(code, (*CODES, *RUN_CODES))
        hint = f"; did you mean `{near}`?" if near else "; `netc explain` lists them"
        raise click.UsageError(f"there is no code `{visible(code)}`{hint}")
    from ..reference import explain_code

    click.echo(explain_code(code))
