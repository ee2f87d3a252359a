"""`netc emit`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..graph.tensor import FLOAT_TYPES
from .options import budget_option, common, dtype_option, tier_option
from .running import Given, make_program, one_network, plan_errors, run_errors

STAGES = ("graph", "predict", "evaluate", "step")


@click.command()
@click.argument("spec")
@click.option("-o", "--output", metavar="FILE", help="Where to write it; by default to standard output.")
@click.option("--standalone", is_flag=True, help="With the kernels in it, so that it needs NumPy alone.")
@click.option("--batch", type=click.IntRange(min=1), help="The largest batch; by default the spec's.")
@dtype_option
@click.option("--memory-map", metavar="FILE", help="Draw the memory plan of a step as SVG instead.")
@budget_option
@click.option("--stop-after", "stage", type=click.Choice(STAGES), help="Print a stage of the compilation instead.")
@tier_option
@common
def emit(spec: str, **options: Any) -> None:
    """The NumPy program of SPEC, for prediction and training, as the source that `netc train` runs."""
    given = one_network(spec, options)
    with run_errors():
        if options["memory_map"]:
            from ...runtime.run.atomic import write_output

            write_output(Path(options["memory_map"]), _drawing(given, options).encode())
            return
        text = _stage(given, options["stage"]) if options["stage"] else _program(given, options)
        if options["output"] is None:
            click.echo(text, nl=False)
        else:
            from ...runtime.run.atomic import write_output

            write_output(Path(options["output"]), text.encode())


def _batch(given: Given, options: dict[str, Any]) -> int:
    settings = given.network.settings
    return options["batch"] or (settings.batch if settings else None) or 1


def _drawing(given: Given, options: dict[str, Any]) -> str:
    from ..analysis.figures import analyse
    from ..emit.plans import plan
    from ..report.memory_map import memory_map

    network, batch = given.network, _batch(given, options)
    float_type = FLOAT_TYPES[options["dtype"]] if options["dtype"] else None
    with plan_errors():
        sizes = {**network.dims, "N": batch}
        analyse(network.graph).check(sizes)
        budget = options["memory_budget"]
        made = plan(network.graph, network.settings, sizes, float_type, budget=budget, tier=given.tier)
    return memory_map(made, network.graph.uses, f"{network.name}, batch {batch}")


def _program(given: Given, options: dict[str, Any]) -> str:
    from ..emit.standalone import standalone

    if options["standalone"] and given.tier != "numpy":
        raise click.UsageError("a program that stands alone is of the tier numpy: leave `--tier` out")
    source = make_program(given, _batch(given, options), options["dtype"], budget=options["memory_budget"]).source
    return standalone(source) if options["standalone"] else source


def _stage(given: Given, stage: str) -> str:
    from ...runtime.errors import RunError
    from ..passes.build import computations, prediction
    from ..report.stages import computation_text, graph_text

    graph, settings = given.network.graph, given.network.settings
    if stage == "graph":
        return graph_text(graph) + "\n"
    if stage == "predict":
        return computation_text(prediction(graph), graph.uses) + "\n"
    if settings is None:
        raise RunError("no-train-block", f"the net `{given.network.name}` has no `train` block", help="write one")
    return computation_text(computations(graph, settings.loss)[stage], graph.uses) + "\n"
