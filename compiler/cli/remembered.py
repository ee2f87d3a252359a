"""What a run folder says of the data that it was trained on, so that it need not be said again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# How a source of data is read, and which types the options are.
READING = {"labels": str, "target": str, "seq_len": int}
# All that decides about the bytes of a run.
RUN = {**READING, "data": str, "val_split": float, "samples": int, "seed": int, "epochs": int, "batch": int}
RUN |= {"dtype": str, "patience": int}


def recall(options: dict[str, Any], folder: Path, wanted: Iterable[str]) -> dict[str, Any]:
    """The options with those that were not given as the run in a folder had them; one that says nothing that can be
    read adds nothing."""
    try:
        kept = json.loads((folder / "args.json").read_text())
    except (OSError, ValueError, RecursionError):
        return options
    found = kept if isinstance(kept, dict) else {}
    known = {name: found[name] for name in wanted if type(found.get(name)) is RUN[name]}
    return options | {name: value for name, value in known.items() if options.get(name) is None}


def folder_of(weights: str | None) -> Path:
    """The run folder that weights stand for, or lie in."""
    path = Path(weights or "")
    return path if path.is_dir() else path.parent
