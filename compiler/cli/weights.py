"""What `netc eval` and `netc predict` share: a trainer with given weights, and data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .running import Given, make_program

if TYPE_CHECKING:
    from ...runtime.trainer import Trainer

BATCH = 64


def trainer_with(given: Given, weights: str, batch: int, dtype: str | None) -> Trainer:
    """A trainer with the weights of a safetensors or npz file, or the best of a run folder. Raises RunError."""
    from ...runtime.data.npy import load_npz
    from ...runtime.run.checkpoint import load_weights
    from ...runtime.trainer import Trainer

    path = Path(weights)
    if path.is_dir():
        path = path / "best.safetensors"
    trainer = Trainer(make_program(given, batch, dtype))
    state: dict[str, Any] = load_npz(path) if path.suffix == ".npz" else load_weights(path)
    trainer.load_state_dict(state)
    return trainer
