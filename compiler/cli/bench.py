"""`netc bench`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ...runtime.errors import RunError
from .models import is_model, open_model
from .options import common, limits_by, tier_option
from .running import make_program, one_network, run_errors

if TYPE_CHECKING:
    from ...runtime.ports import Port


def _numbers(context: click.Context, parameter: click.Parameter, text: str) -> tuple[int, ...]:
    """`1,8,32`."""
    parts = text.split(",")
    if not all(part.isdecimal() and 0 < int(part) < 2**31 for part in parts):
        raise click.BadParameter(f"{text!r} is not a list of whole numbers such as 1,8,32")
    return tuple(map(int, parts))


@click.command()
@click.argument("spec", metavar="SPEC|M.onnx")
@click.option("--batch", "batches", callback=_numbers, default="1,8,32", show_default=True, help="Sizes of a batch.")
@click.option("--threads", callback=_numbers, default="1", show_default=True, help="Threads of onnxruntime.")
@click.option("--seconds", type=click.FloatRange(0.01, 600), default=1.0, show_default=True, help="For each line.")
@tier_option
@common
def bench(spec: str, batches: tuple[int, ...], threads: tuple[int, ...], seconds: float, **options: Any) -> None:
    """Latency and throughput of predictions: of an ONNX model in onnxruntime, of SPEC in its NumPy program.

    A dimension of a model such as T is 1 unless given: `--dim T=100`.
    """
    given = None if is_model(spec) else one_network(spec, options)
    if given is None and options["tier"]:
        raise click.UsageError("onnxruntime has no tiers: leave `--tier` out")
    with run_errors():
        from ...runtime.measure import Timing, measure

        def line(name: str, batch: int, timing: Timing) -> None:
            rate = batch / timing.median
            click.echo(
                f"{name:10}  batch {batch:5}  median {1e3 * timing.median:9.3f} ms  "
                f"90 % below {1e3 * timing.high:9.3f} ms  {rate:12,.1f} samples/s"
            )

        if given is not None:
            from ...runtime.trainer import Trainer

            for batch in batches:
                trainer = Trainer(make_program(given, batch, None))
                ports, sizes = trainer.program.inputs, trainer.program.sizes
                line(given.tier, batch, measure(lambda arrays: trainer.forward(**arrays), ports, sizes, seconds))  # noqa: B023
            return
        from pathlib import Path

        from ...runtime.session import Session

        ports = open_model(spec, limits_by(options["limits"])).inputs
        for count in threads:
            session = Session(Path(spec), count)
            name = f"{count} thread{'s' if count > 1 else ''}"
            for batch in batches:
                sizes = _batch(ports, batch) | dict(options["dims"])
                line(name, batch, measure(session.run, ports, sizes, seconds))


def _batch(ports: Sequence[Port], batch: int) -> dict[str, int]:
    """The size of the batch, by the name that a model's inputs have for it. Raises RunError where they take another."""
    for port in ports:
        first = port.dims[0] if port.dims else batch
        if isinstance(first, int) and first != batch:
            message = f"`{port.name}` takes batches of {first}, not of {batch}"
            raise RunError("shape-mismatch", message, f"`--batch {first}`")
    return {first: batch for port in ports for first in port.dims[:1] if isinstance(first, str)}
