"""`netc train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import click

from .options import budget_option, common, data_options, dtype_option, tier_option
from .remembered import RUN, recall
from .running import one_network, run_errors


@click.command()
@click.argument("spec")
@click.option("--data", metavar="DATA", help="digits, sunspots, topics, a file or a folder.")
@click.option("--out", metavar="DIR", help="The run folder: metrics, checkpoints, weights.")
@click.option("--resume", metavar="DIR", help="Go on from the newest whole checkpoint of a run folder.")
@click.option("--epochs", type=click.IntRange(min=1), help="Instead of the spec's.")
@click.option("--batch", type=click.IntRange(min=1), help="Instead of the spec's.")
@click.option("--seed", type=click.IntRange(min=0), help="Instead of the spec's.")
@click.option("--val-split", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Hold out this share.")
@click.option("--patience", type=click.IntRange(min=1), help="Stop after so many epochs without a better score.")
@dtype_option
@budget_option
@click.option("--log-gradients", is_flag=True, help="Record the gradients of cells' states, step by step, in DIR.")
@click.option("--dry-run", is_flag=True, help="Check spec and data, print the plan, and stop.")
@tier_option
@data_options
@common
def train(spec: str, **options: Any) -> None:
    """Train the network of SPEC on DATA.

    A run that is resumed has the options that it had last, data included, unless others are given.

    `--limit 1000` takes the first thousand samples alone; with a name it raises a limit, as everywhere.
    """
    samples = [text for text in options["limits"] if text.isdecimal()]
    options["limits"] = [text for text in options["limits"] if text not in samples]
    if any(len(text) > 18 or int(text) == 0 for text in samples):
        raise click.UsageError("`--limit` without a name is a number of samples, from 1 up to 18 digits")
    options["samples"] = int(samples[-1]) if samples else None
    if "" in (options["out"], options["resume"]):
        raise click.UsageError("the run folder has an empty name: give it one, or leave the option out")
    if options["out"] and options["resume"]:
        raise click.UsageError("`--resume DIR` goes on in that folder: leave `--out` out")
    if options["resume"]:
        options = recall(options, Path(options["resume"]), RUN)
    options["tier"] = options["tier"] or "numpy"
    if options["data"] is None:
        _no_data(options["resume"])
    if options["log_gradients"] and not (options["out"] or options["resume"]):
        raise click.UsageError("`--log-gradients` writes to the run folder: give one by `--out DIR`")
    given = one_network(spec, options)
    with run_errors():
        from .training import run

        raise click.exceptions.Exit(run(given, options))


def _no_data(folder: str | None) -> NoReturn:
    """Says what is missing where there are no data: the run itself, what a run had, or the option."""
    if folder is not None and not Path(folder).is_dir():
        with run_errors():
            from ...runtime.run.folder import no_run

            raise no_run(Path(folder))
    there = f"{folder} does not have the options of a run; " if folder else ""
    raise click.UsageError(f"{there}say what to train on: `--data digits`, or a file or folder")
