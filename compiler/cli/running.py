"""What the commands that run programs share: a network with its program and data, and how errors are shown."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from ...runtime.errors import RunError
from ...runtime.record import Record, replace
from ..diagnostics.visible import visible
from ..driver import Request
from ..graph.tensor import FLOAT_TYPES
from ..graph.tiers import Tier
from ..resolve.network import Network
from ..training.settings import Settings
from .options import compiled, limits_by, request, show

if TYPE_CHECKING:
    from ...runtime.data.dataset import Splits
    from ...runtime.ports import Port
    from ...runtime.program import Program


class Given(Record):
    """A network with the request that it came from, and the tier of its programs."""

    network: Network
    request: Request
    tier: Tier = "numpy"


def one_network(spec: str, options: Mapping[str, Any]) -> Given:
    """The network that the options pick; a spec with errors ends the command with 1."""
    # Unlike a compilation, a run goes on for long.
    gc.enable()
    wanted = request(spec, dict(options))
    found = compiled(wanted, options["color"])
    show(found.diagnostics, options["color"])
    if found.failed or not found.networks:
        raise click.exceptions.Exit(1)
    return Given(found.networks[0], wanted, options.get("tier") or "numpy")


def wanted_settings(given: Given) -> Settings:
    """What the `train` block says. Raises RunError when there is nothing to train by."""
    if given.network.settings is not None:
        return given.network.settings
    lacks = "no loss or no optimizer in its `train` block" if given.network.train else "no `train` block"
    raise RunError(
        "no-train-block",
        f"the net `{given.network.name}` has {lacks}",
        help="write `train { loss = cross_entropy; optimizer = sgd(lr = 0.1) }`",
    )


@contextmanager
def run_errors() -> Iterator[None]:
    """Shows an error of the run in one line with its way out, and ends the command with the error's exit code."""
    try:
        yield
    except RunError as error:
        where = f"{visible(error.file, 1000)}: " if error.file else ""
        click.echo(f"{where}error[{error.code}]: {visible(error.message, 4000)}", err=True)
        if error.help:
            click.echo(f"  help: {visible(error.help, 1000)}", err=True)
        raise click.exceptions.Exit(error.exit) from None


@contextmanager
def budget_errors() -> Iterator[None]:
    """Makes a RunError of a memory budget that no plan is within."""
    from ..emit.plans import OverBudget

    try:
        yield
    except OverBudget as error:
        raise RunError("over-budget", str(error), error.help) from None


@contextmanager
def plan_errors() -> Iterator[None]:
    """Makes a RunError of what keeps a program or its memory from being planned: a dimension without a number, or with
    one that is too small for a layer, and a budget that no plan is within."""
    from ..analysis.figures import TooSmall
    from ..graph.dims import Unbound

    try:
        with budget_errors():
            yield
    except Unbound as error:
        raise RunError(
            "unbound-dimension", str(error), help=f"give it the largest number that it takes: `--dim {error.symbol}=…`"
        ) from None
    except TooSmall as error:
        help = f"give longer samples, or a larger number by `--dim {error.symbol}=…`"
        raise RunError("too-small", str(error), help) from None


def make_program(
    given: Given, batch: int, dtype: str | None, *, probes: bool = False, budget: int | None = None
) -> Program:
    """The program of a network for batches of up to `batch`, with `probes` one that tells gradients by states.

    Raises RunError when a dimension has no number, or one that is too small for a layer, and when no plan is within
    the `budget`, in bytes.
    """
    from ..emit.program import program

    network = given.network
    with plan_errors():
        return program(
            network.name,
            network.graph,
            network.settings,
            {**network.dims, "N": batch},
            FLOAT_TYPES[dtype] if dtype else None,
            probes=probes,
            budget=budget,
            tier=given.tier,
        )


def with_data(
    given: Given, options: Mapping[str, Any], alphabet: str | None, *, labelled: bool = True
) -> tuple[Given, Splits]:
    """The data of `--data`, checked, and the network with the largest size of each dimension that they show and nothing
    else decides; with targets where they are `labelled`, a text numbered by the alphabet where it is known.

    Raises RunError.
    """
    from ..emit.ports import ports

    network = given.network
    inputs, targets = ports(
        network.graph, network.settings, FLOAT_TYPES[options["dtype"]] if options["dtype"] else None
    )
    targets = targets if labelled else ()
    found = read_data(options["data"], inputs, targets, options, alphabet)
    sizes: dict[str, int] = {}
    for part in (found.train, found.test):
        for port in (*inputs, *targets) if part is not None else ():
            assert part is not None
            for dim, size in zip(port.dims[1:], part.arrays[port.name].shape[1:], strict=True):
                if isinstance(dim, str) and dim.isidentifier():
                    sizes[dim] = max(size, sizes.get(dim, 1))
    return replace(given, network=replace(network, dims=sizes | dict(network.dims))), found


def read_data(
    source: str, inputs: Sequence[Port], targets: Sequence[Port], options: Mapping[str, Any], alphabet: str | None
) -> Splits:
    """The data of a source, checked against inputs and targets; a text is numbered by the alphabet, where it is known.

    Raises RunError.
    """
    from ...runtime.data.contract import check
    from ...runtime.data.load import load
    from ...runtime.data.wanted import Wanted

    asked = (options.get("labels"), options.get("target"), options.get("seq_len"))
    found = load(source, Wanted(inputs, targets, *asked, alphabet, limits_by(options["limits"])))
    for part in (found.train, found.test):
        if part is not None:
            check(part, (*inputs, *targets), source)
    return found
