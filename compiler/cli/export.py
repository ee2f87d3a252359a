"""`netc export`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...runtime.record import asdict
from ..diagnostics.diagnostic import Diagnostic
from .options import common, show
from .running import Given, one_network, run_errors

if TYPE_CHECKING:
    from ..export.verify import Difference


@click.command()
@click.argument("spec")
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to write the model, M.onnx.")
@click.option("--weights", metavar="FILE", help="A .safetensors or .npz file, or a run folder; by default fresh ones.")
@click.option("--opset", type=click.IntRange(13, 22), default=17, show_default=True)
@click.option("--fold/--no-fold", default=True, show_default=True, help="Batch norms into the convolutions before.")
@click.option("--lower-rnn", is_flag=True, help="Cells as Scan, none as LSTM, GRU or RNN.")
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
    from ...runtime.run.atomic import write_output
    from ..export.export import export_file
    from .weights import read_weights, weights_errors

    weights = read_weights(options["weights"], given.request.limits) if options["weights"] else None
    with weights_errors(weights):
        differences = export_file(
            given.network,
            Path(options["output"]),
            weights.arrays if weights else None,
            opset=options["opset"],
            folded=options["fold"],
            lower_rnn=options["lower_rnn"],
            verified=options["verify"],
            beside=options["external_data"],
            alphabet=weights.alphabet if weights else None,
        )
    if options["report"]:
        text = json.dumps([asdict(difference) for difference in differences], indent=1)
        write_output(Path(options["report"]), f"{text}\n".encode())
    click.echo(f"{options['output']}: opset {options['opset']}, {_proof(differences)}", err=True)


def _proof(differences: Sequence[Difference]) -> str:
    """What the comparison has shown."""
    found = [(d.error, d) for d in differences if d.error is not None]
    parts = []
    if found:
        error, worst = max(found, key=lambda pair: pair[0])
        parts.append(f"equal to the NumPy program within {error:.1e} of the largest output, at batches of 1 and 3")
        if worst.model is not None:
            parts.append(
                f"more than rounding makes in most networks: in float32 the model is {worst.model:.1e} and the program "
                f"{worst.program:.1e} off the same in float64 at `{worst.output}`, which rounding in each layer moves "
                f"by {worst.rounding:.1e}"
            )
    others = {d.output for d in differences} - {d.output for _, d in found}
    parts += [f"`{name}` not compared, as no entry of it is finite" for name in sorted(others)]
    return "; ".join(parts) or "not compared"
