"""What a run folder says of the data that it was trained on, so that it need not be said again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...runtime.data.files import is_folder, read
from ...runtime.errors import RunError
from ...runtime.limits import DEFAULT_FILE_LIMITS
from ..graph.tensor import FLOAT_TYPES
from ..graph.tiers import TIERS

Check = Callable[[Any], bool]


def _count(least: int) -> Check:
    return lambda value: type(value) is int and value >= least


def _pairs(kind: Check) -> Check:
    """Of `NAME=VALUE` options."""

    def pair(value: Any) -> bool:
        return isinstance(value, list) and len(value) == 2 and _text(value[0]) and kind(value[1])

    return lambda value: isinstance(value, list) and all(map(pair, value))


def _text(value: Any) -> bool:
    return isinstance(value, str)


# How a source of data is read, with what each option may be.
READING: dict[str, Check] = {"labels": _text, "target": _text, "seq_len": _count(1)}
# Which samples a run held out of its data.
SPLIT: dict[str, Check] = {
    "val_split": lambda value: type(value) is float and 0 < value < 1,
    "seed": _count(0),
    "samples": _count(1),
}
# All that decides about the bytes of a run.
RUN: dict[str, Check] = {
    **READING,
    **SPLIT,
    **dict.fromkeys(("data", "net", "variant"), _text),
    "sets": _pairs(_text),
    "dims": _pairs(_count(1)),
    "dtype": lambda value: _text(value) and value in FLOAT_TYPES,
    "tier": lambda value: _text(value) and value in TIERS,
    **dict.fromkeys(("epochs", "batch", "patience", "memory_budget"), _count(1)),
}


def recall(options: dict[str, Any], folder: Path, wanted: Mapping[str, Check]) -> dict[str, Any]:
    """The options with those that were not given as the run in a folder had them, which may come from anywhere: what
    cannot be read, or what the command line would not take, adds nothing."""
    try:
        kept = json.loads(read(folder / "args.json", DEFAULT_FILE_LIMITS))
    except (RunError, ValueError, RecursionError):
        return options
    found = kept if isinstance(kept, dict) else {}
    lacking = [name for name in wanted if options.get(name) in (None, (), [])]
    return options | {name: found[name] for name in lacking if name in found and wanted[name](found[name])}


def split_of(folder: Path, data: str) -> dict[str, Any] | None:
    """How the run in a folder chose what it held out, as far as its options say so; None where it had other data."""
    known = recall({}, folder, {"data": _text}).get("data")
    return recall({}, folder, SPLIT) if known is not None and _same(known, data) else None


def _same(known: str, data: str) -> bool:
    """Whether two sources of data are one: a name of bundled data, or a file or folder."""
    try:
        return known == data or Path(known).samefile(data)
    except (OSError, ValueError):
        return False


def folder_of(weights: str | None) -> Path:
    """The run folder that weights stand for, or lie in."""
    path = Path(weights or "")
    return path if is_folder(path) else path.parent
