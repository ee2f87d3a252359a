"""`netc predict`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .models import alphabet_of, check_options, is_model, open_model
from .options import common, data_options, dtype_option, limits_by, samples_option, weights_option
from .remembered import READING, folder_of, recall
from .running import one_network, read_data, run_errors, with_data

if TYPE_CHECKING:
    from ...runtime.trainer import Trainer


@click.command()
@click.argument("spec", metavar="SPEC|M.onnx")
@weights_option
@click.option("--data", required=True, metavar="DATA", help="Inputs, as for train; targets are not needed.")
@click.option("-o", "--output", required=True, metavar="FILE", help="An .npz, or for rows of numbers a .csv.")
@samples_option
@dtype_option
@data_options
@common
def predict(spec: str, **options: Any) -> None:
    """Write the outputs of SPEC with given weights, or of an ONNX model, for the inputs in DATA."""
    check_options(spec, options)
    options = recall(options, folder_of(options["weights"]), READING)
    output = Path(options["output"])
    if output.suffix not in (".npz", ".csv"):
        raise click.UsageError("`--output` ends with .npz or .csv")
    given = None if is_model(spec) else one_network(spec, options)
    with run_errors():
        from ...runtime.prediction import predictions, to_csv, to_npz
        from ...runtime.run.atomic import write_output
        from .weights import check_alphabet, read_weights, trainer_with

        if given is None:
            session = open_model(spec, limits_by(options["limits"]))
            alphabet = alphabet_of(session, spec)
            found, run = read_data(options["data"], session.inputs, (), options, alphabet), session.run
        else:
            weights = read_weights(options["weights"], given.request.limits)
            alphabet = weights.alphabet
            given, found = with_data(given, options, alphabet, labelled=False)
            trainer = trainer_with(given, weights, options["batch"], options["dtype"])
            run = partial(_forward, trainer)
        check_alphabet(found, alphabet, options["data"])
        data = found.test if found.test is not None else found.train
        outputs = predictions(run, data, options["batch"])
        write_output(output, to_csv(outputs) if output.suffix == ".csv" else to_npz(outputs))
        click.echo(f"{data.size:,} samples to {output}", err=True)


def _forward(trainer: Trainer, arrays: dict[str, Any]) -> dict[str, Any]:
    return trainer.forward(**arrays)
