"""`netc eval`."""

from __future__ import annotations

import json
import math
from typing import Any

import click

from .models import alphabet_of, check_options, is_model, network_of, open_model
from .options import common, limits_by
from .remembered import READING, folder_of, recall
from .running import make_program, one_network, run_errors, wanted_settings, with_data
from .train import data_options


@click.command()
@click.argument("spec", metavar="SPEC|M.onnx")
@click.option("--weights", metavar="FILE", help="A .safetensors or .npz file, or a run folder; of a spec.")
@click.option("--data", required=True, metavar="DATA", help="As for train; of two parts the one to test on.")
@click.option("--val-split", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Only this share of it.")
@click.option("--seed", type=click.IntRange(min=0), help="What the share is drawn by; by default the spec's.")
@click.option("--batch", type=click.IntRange(min=1), default=64, show_default=True, help="Samples at a time.")
@click.option("--dtype", type=click.Choice(("float32", "float64")), help="Instead of the spec's.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@data_options
@common
def eval(spec: str, **options: Any) -> None:
    """Loss and accuracy on DATA, of SPEC with given weights or of an ONNX model that netc exported."""
    check_options(spec, options)
    options = recall(options, folder_of(options["weights"]), READING)
    given = None if is_model(spec) else one_network(spec, options)
    with run_errors():
        from ...runtime.training.judge import ModelJudge
        from ...runtime.training.metrics import Judge, score
        from .training import stratified_by
        from .weights import check_alphabet, read_weights, trainer_with

        judge: Judge
        if given is None:
            limits = limits_by(options["limits"])
            session = open_model(spec, limits)
            given, alphabet = network_of(session, spec, limits), alphabet_of(session, spec)
            given, found = with_data(given, options, alphabet)
            judge = ModelJudge(session, make_program(given, options["batch"], None), spec)
        else:
            weights = read_weights(options["weights"], given.request.limits)
            alphabet = weights.alphabet
            given, found = with_data(given, options, alphabet)
            judge = trainer_with(given, weights, options["batch"], options["dtype"])
        check_alphabet(found, alphabet, options["data"])
        settings = wanted_settings(given)
        data = found.test if found.test is not None else found.train
        if options["val_split"] is not None:
            seed = options["seed"] if options["seed"] is not None else settings.seed
            _, data = found.train.split(options["val_split"], seed, stratified_by(found.train))
        result = {"samples": data.size, **score(judge, data).figures()}
        if options["form"] == "json":
            # JSON has no number that is not finite.
            click.echo(json.dumps({name: figure if math.isfinite(figure) else None for name, figure in result.items()}))
            return
        accuracy = f", accuracy {100 * result['accuracy']:.2f} %" if "accuracy" in result else ""
        click.echo(f"{data.size:,} samples: loss {result['loss']:.6g}{accuracy}")
