"""What a run folder says of the data that it was trained on, so that it need not be said again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...runtime.data.files import is_folder, read
from ...runtime.errors import RunError
from ...runtime.limits import DEFAULT_FILE_LIMITS
from ..graph.tiers import TIERS

# How a source of data is read, and which types the options are.
READING = {"labels": str, "target": str, "seq_len": int}
# All that decides about the bytes of a run.
RUN = {**READING, "data": str, "val_split": float, "samples": int, "seed": int, "epochs": int, "batch": int}
RUN |= {"dtype": str, "patience": int, "tier": str}


def recall(options: dict[str, Any], folder: Path, wanted: Iterable[str]) -> dict[str, Any]:
    """The options with those that were not given as the run in a folder had them; one that says nothing that can be
    read adds nothing."""
    try:
        kept = json.loads(read(folder / "args.json", DEFAULT_FILE_LIMITS))
    except (RunError, ValueError, RecursionError):
        return options
    found = kept if isinstance(kept, dict) else {}
    known = {name: found[name] for name in wanted if name in found and _sound(name, found[name])}
    return options | {name: value for name, value in known.items() if options.get(name) is None}


def _sound(name: str, value: Any) -> bool:
    """Whether the command line would take this: a run folder may come from anywhere."""
    if type(value) is not RUN[name]:
        return False
    if name == "dtype":
        return value in ("float32", "float64")
    if name == "tier":
        return value in TIERS
    if isinstance(value, float):
        return 0 < value < 1
    return not isinstance(value, int) or value >= (name != "seed")


def folder_of(weights: str | None) -> Path:
    """The run folder that weights stand for, or lie in."""
    path = Path(weights or "")
    return path if is_folder(path) else path.parent
