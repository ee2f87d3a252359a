"""`netc export`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ..diagnostics.diagnostic import Diagnostic
from .options import common, show
from .running import Given, one_network, run_errors


@click.command()
@click.argument("spec")
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to write the model, M.onnx.")
@click.option("--weights", metavar="FILE", help="A .safetensors or .npz file, or a run folder; by default fresh ones.")
@click.option("--opset", type=click.IntRange(13, 22), default=17, show_default=True)
@click.option("--fold/--no-fold", default=True, show_default=True, help="Batch norms into the convolutions before.")
@click.option("--verify/--no-verify", default=True, show_default=True, help="Compare with the NumPy program.")
@click.option("--report", metavar="FILE", help="Write what was compared as JSON.")
@click.option("--external-data", is_flag=True, help="Weights in a file beside the model, as above 1.5 GB in any case.")
@common
def export(spec: str, **options: Any) -> None:
    """Write SPEC as an ONNX model for inference, proven equal to its NumPy program on the spot."""
    given = one_network(spec, options)
    with run_errors():
        from ..export.nodes import NotExportable

        try:
            _export(given, options)
        except NotExportable as error:
            show((Diagnostic("not-exportable", error.message, error.span, help=error.help),), options["color"])
            raise click.exceptions.Exit(1) from None


def _export(given: Given, options: dict[str, Any]) -> None:
    from ...runtime.run.atomic import write_atomic
    from ..export.export import export
    from ..export.model import is_large, save_beside, to_bytes
    from .weights import read_weights

    weights = read_weights(options["weights"]) if options["weights"] else None
    made = export(given.network, weights, opset=options["opset"], folded=options["fold"], verified=options["verify"])
    path = Path(options["output"])
    if options["external_data"] or is_large(made.proto):
        save_beside(made.proto, path, f"{path.name}.weights")
    else:
        write_atomic(path, to_bytes(made.proto))
    if options["report"]:
        text = json.dumps([asdict(difference) for difference in made.differences], indent=1)
        write_atomic(Path(options["report"]), f"{text}\n".encode())
    proof = (
        f"equal to the NumPy program within {made.worst:.1e} of the largest output, at batches of 1 and 3"
        if made.differences
        else "not compared"
    )
    click.echo(f"{path}: opset {options['opset']}, {proof}", err=True)
