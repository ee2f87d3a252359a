"""`netc eval`."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import click

from ..diagnostics.visible import visible
from .models import alphabet_of, check_options, is_model, network_of, open_model
from .options import common, data_options, dtype_option, limits_by, samples_option, weights_option
from .remembered import READING, folder_of, recall, split_of
from .running import make_program, one_network, run_errors, wanted_settings, with_data

if TYPE_CHECKING:
    from ...runtime.data.dataset import Dataset, Splits
    from ...runtime.run.checkpoint import Weights


@click.command()
@click.argument("spec", metavar="SPEC|M.onnx")
@weights_option
@click.option("--data", required=True, metavar="DATA", help="As for train; of two parts the one to test on.")
@click.option(
    "--val-split",
    type=click.FloatRange(0, 1, min_open=True),
    help="Only this share of it, by default what the run held out of the same data; 1 for all.",
)
@click.option("--seed", type=click.IntRange(min=0), help="What the share is drawn by; by default the run's or spec's.")
@samples_option
@dtype_option
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@data_options
@common
def eval(spec: str, **options: Any) -> None:
    """Loss and accuracy on DATA, of SPEC with given weights or of an ONNX model that netc exported."""
    check_options(spec, options)
    folder = folder_of(options["weights"])
    options = recall(options, folder, READING)
    run = split_of(folder, options["data"]) if options["weights"] else None
    given = None if is_model(spec) else one_network(spec, options)
    with run_errors():
        from ...runtime.training.judge import ModelJudge
        from ...runtime.training.metrics import Judge, score
        from .weights import check_alphabet, read_weights, trainer_with

        judge: Judge
        weights: Weights | None = None
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
        data, what = _judged(found, wanted_settings(given).seed, options, run)
        click.echo(f"judged on: {visible(what, 1000)}", err=True)
        result = score(judge, data).figures()
        if options["form"] == "json":
            # JSON has no number that is not finite.
            known = {name: figure if math.isfinite(figure) else None for name, figure in result.items()}
            of = {"weights": weights and weights.file, "epoch": weights and weights.epoch}
            click.echo(json.dumps({"samples": data.size, **known, "judged_on": what, **of}))
            return
        accuracy = f", accuracy {100 * result['accuracy']:.2f} %" if "accuracy" in result else ""
        click.echo(f"{data.size:,} samples: loss {result['loss']:.6g}{accuracy}")


def _judged(data: Splits, seed: int, options: dict[str, Any], run: dict[str, Any] | None) -> tuple[Dataset, str]:
    """The samples to judge on, and what they are; `run` is how the run of the weights split the same data."""
    from .training import parts

    source, asked = options["data"], options["val_split"]
    if asked is None and data.test is not None:
        return data.test, f"the test samples of {source}"
    own = {"samples": None, "seed": seed, "val_split": None} | (run or {})
    split = own | {name: options[name] for name in ("seed", "val_split") if options[name] is not None}
    chosen, what = data.train, f"all of {source}"
    if split["val_split"] not in (None, 1):
        held_out = parts(data, split["seed"], split).test
        assert held_out is not None
        chosen, what = held_out, f"{100 * split['val_split']:g} % of {source}"
    if run is None:
        return chosen, what
    if split == own and chosen is not data.train:
        return chosen, f"the {what} that the run held out"
    return chosen, f"{what}, what the run was trained on included"
