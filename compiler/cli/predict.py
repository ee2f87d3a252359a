"""`netc predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import common
from .running import one_network, read_data, run_errors
from .train import data_options


@click.command()
@click.argument("spec")
@click.option("--weights", required=True, metavar="FILE", help="A .safetensors or .npz file, or a run folder.")
@click.option("--data", required=True, metavar="DATA", help="Inputs, as for train; targets are not needed.")
@click.option("-o", "--output", required=True, metavar="FILE", help="An .npz, or for one output of numbers a .csv.")
@click.option("--batch", type=click.IntRange(min=1), help="Samples at a time.")
@click.option("--dtype", type=click.Choice(("float32", "float64")), help="Instead of the spec's.")
@data_options
@common
def predict(spec: str, **options: Any) -> None:
    """Write the outputs of SPEC with given weights for the inputs in DATA."""
    given = one_network(spec, options)
    output = Path(options["output"])
    if output.suffix not in (".npz", ".csv"):
        raise click.UsageError("`--output` ends with .npz or .csv")
    with run_errors():
        from ...runtime.prediction import predictions, to_csv, to_npz
        from ...runtime.run.atomic import write_atomic
        from .weights import BATCH, trainer_with

        trainer = trainer_with(given, options["weights"], options["batch"] or BATCH, options["dtype"])
        found = read_data(options["data"], trainer.program, options, targets=False)
        data = found.test if found.test is not None else found.train
        outputs = predictions(trainer, data)
        write_atomic(output, to_csv(outputs) if output.suffix == ".csv" else to_npz(outputs))
        click.echo(f"{data.size:,} samples to {output}", err=True)
