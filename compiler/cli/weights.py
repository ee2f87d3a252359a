"""What commands do with weights: read them, and make a trainer that has them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..limits import Limits
from .running import Given, make_program

if TYPE_CHECKING:
    from ...runtime.data.dataset import Splits
    from ...runtime.session import Session
    from ...runtime.trainer import Trainer


def trainer_with(given: Given, weights: str, batch: int, dtype: str | None) -> Trainer:
    """A trainer with the weights of a safetensors or npz file, or the best of a run folder. Raises RunError."""
    from ...runtime.trainer import Trainer

    trainer = Trainer(make_program(given, batch, dtype))
    trainer.load_state_dict(read_weights(weights, given.request.limits))
    return trainer


def model_with(path: str, limits: Limits) -> tuple[Given, Session]:
    """A model that netc exported, with the network that it was made from. Raises RunError."""
    from ...runtime.errors import RunError
    from .models import open_model

    known = open_model(path, limits)
    if known.given is None:
        help = "export it with netc, or use `netc predict`"
        raise RunError("bad-model", "does not say which network it was made from", help, path)
    return known.given, known.session


def read_weights(weights: str, limits: Limits) -> dict[str, Any]:
    """The arrays of a file of weights, or of the best in a run folder. Raises RunError."""
    from ...runtime.data.npy import load_npz
    from ...runtime.run.checkpoint import load_weights

    path = _file(weights)
    return load_npz(path, limits) if path.suffix == ".npz" else load_weights(path)


def read_alphabet(weights: str) -> str | None:
    """The characters that weights trained on a text number, None where the file has none. Raises RunError."""
    from ...runtime.run.checkpoint import load_alphabet

    path = _file(weights)
    return None if path.suffix == ".npz" else load_alphabet(path)


def check_alphabet(found: Splits, alphabet: str | None, source: str) -> None:
    """Check that it is known which characters the numbers of a text stand for. Raises RunError."""
    from ...runtime.errors import RunError

    if found.alphabet is not None and alphabet is None:
        message = "is a text, and the weights do not say which characters their numbers stand for"
        raise RunError("bad-data", message, "take weights that `netc train` wrote, or give the numbers as .npy", source)


def _file(weights: str) -> Path:
    """The file of weights, in a run folder those after the best epoch."""
    path = Path(weights)
    return path / "best.safetensors" if path.is_dir() else path
