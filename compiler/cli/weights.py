"""What commands do with weights: read them, and make a trainer that has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..diagnostics.visible import visible
from ..limits import Limits
from .running import Given, make_program

if TYPE_CHECKING:
    from ...runtime.data.dataset import Splits
    from ...runtime.run.checkpoint import Weights
    from ...runtime.trainer import Trainer


def trainer_with(given: Given, weights: Weights, batch: int, dtype: str | None) -> Trainer:
    """A trainer with these weights. Raises RunError."""
    from ...runtime.space import check_memory
    from ...runtime.trainer import Trainer

    program = make_program(given, batch, dtype)
    check_memory(program.memory.total, "the network")
    trainer = Trainer(program)
    with weights_errors(weights):
        trainer.load_state_dict(weights.arrays)
        trainer.check_finite()
    return trainer


@contextmanager
def weights_errors(weights: Weights | None) -> Iterator[None]:
    """Errors of weights that do not fit a network say which file these are of."""
    from ...runtime.errors import RunError

    try:
        yield
    except RunError as error:
        if weights is not None and error.code in ("other-network", "not-finite"):
            error.file = weights.file
        raise


def read_weights(weights: str, limits: Limits) -> Weights:
    """A safetensors or npz file of weights, or the best of a run folder, which is said. Raises RunError."""
    from ...runtime.data.files import is_folder
    from ...runtime.data.npy import load_npz
    from ...runtime.run.checkpoint import Weights, load_weights

    path = Path(weights)
    if path.suffix.lower() == ".npz" and not is_folder(path):
        return Weights(load_npz(path, limits), str(path))
    if not is_folder(path):
        return load_weights(path, limits)
    best = load_weights(path / "best.safetensors", limits)
    click.echo(f"weights: {visible(best.file, 1000)}" + (f" (epoch {best.epoch:,})" if best.epoch else ""), err=True)
    return best


def check_alphabet(found: Splits, alphabet: str | None, source: str) -> None:
    """Check that it is known which characters the numbers of a text stand for. Raises RunError."""
    from ...runtime.errors import RunError

    if found.alphabet is not None and alphabet is None:
        message = "is a text, and the weights do not say which characters their numbers stand for"
        raise RunError("bad-data", message, "take weights that `netc train` wrote, or give the numbers as .npy", source)
