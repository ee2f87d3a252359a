"""From what a user names as data to arrays by the names of a net's inputs and targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..ports import Port
from .dataset import Dataset, Splits
from .files import bad
from .idx import find_part, load_idx
from .npy import load_npy, load_npz
from .table import load_table
from .text import load_text

Array = NDArray[Any]
DIGITS = Path(__file__).with_name("digits.npz")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the data are for: the ports, and what the user says about the source."""

    inputs: Sequence[Port]
    targets: Sequence[Port]
    labels: str | None = None
    target: str | None = None
    seq_len: int | None = None


def load(source: str, wanted: Wanted) -> Splits:
    """The data of a source, not yet checked against the ports. Raises RunError.

    `digits` is bundled; .npz, .npy, .csv and .txt are files, a folder holds IDX files.
    """
    if source == "digits":
        return _digits(wanted)
    path = Path(source)
    if path.is_dir():
        return _folder(path, wanted)
    loader = _LOADERS.get(path.suffix.lower())
    if loader is None:
        raise RunError(
            "bad-data",
            f"`{source}` is not a source of data",
            help=f"give `digits`, a file that ends with {', '.join(_LOADERS)}, or a folder of IDX files",
        )
    return loader(path, wanted)


def _pair(where: Path | str, wanted: Wanted, x: Array, y: Array | None) -> Dataset:
    """Inputs and labels for a net with one input and one target."""
    if len(wanted.inputs) != 1 or len(wanted.targets) > 1:
        names = ", ".join(port.name for port in (*wanted.inputs, *wanted.targets))
        raise bad(where, "has one input and one target, the net has others", f"give an .npz file with {names}")
    arrays = {wanted.inputs[0].name: x}
    if wanted.targets:
        if y is None:
            raise bad(where, f"has nothing for the target `{wanted.targets[0].name}`", "give it: `--labels FILE`")
        arrays[wanted.targets[0].name] = y
    return Dataset(arrays)


def _digits(wanted: Wanted) -> Splits:
    arrays = load_npz(DIGITS)
    images = (arrays["images"].astype(np.float32) / 16)[:, None]
    return Splits(_pair("digits", wanted, images, arrays["labels"]))


def _folder(path: Path, wanted: Wanted) -> Splits:
    parts: dict[str, Dataset] = {}
    for part in ("train", "test"):
        files = find_part(path, part, labelled=bool(wanted.targets))
        if files is not None:
            images, labels = files
            numbers = load_idx(labels) if labels is not None else None
            parts[part] = _pair(path, wanted, _scaled(load_idx(images))[:, None], numbers)
    if not parts:
        raise bad(path, "has no IDX files", "give the folder with train-images-idx3-ubyte and its companions")
    return Splits(parts["train"], parts.get("test")) if "train" in parts else Splits(parts["test"])


def _scaled(images: Array) -> Array:
    return images.astype(np.float32) / 255 if images.dtype == np.uint8 else images


def _npz(path: Path, wanted: Wanted) -> Splits:
    """Arrays by the net's own names, or x and y; with _train and _test for two parts."""
    arrays = load_npz(path)
    names = {port.name: port.name for port in (*wanted.inputs, *wanted.targets)}
    plain = {"x": wanted.inputs[0].name} | ({"y": wanted.targets[0].name} if wanted.targets else {})
    for known in (names, plain if len(wanted.inputs) == 1 and len(wanted.targets) <= 1 else {}):
        for train, test in (("_train", "_test"), ("", "_test")):
            if known and all(f"{name}{train}" in arrays for name in known):
                held = all(f"{name}{test}" in arrays for name in known)
                return Splits(_named(arrays, known, train), _named(arrays, known, test) if held else None)
    found = ", ".join(sorted(arrays)[:10])
    raise bad(path, f"has the arrays {found or 'of none'}", f"name them {', '.join(names)}, or x and y")


def _named(arrays: Mapping[str, Array], known: Mapping[str, str], suffix: str) -> Dataset:
    return Dataset({port: arrays[f"{name}{suffix}"] for name, port in known.items()})


def _npy(path: Path, wanted: Wanted) -> Splits:
    labels = load_npy(Path(wanted.labels)) if wanted.labels else None
    return Splits(_pair(path, wanted, load_npy(path), labels))


def _csv(path: Path, wanted: Wanted) -> Splits:
    x, y = load_table(path, wanted.target if wanted.targets else None)
    if wanted.targets and y is None:
        raise bad(path, "does not say which column is predicted", "name it: `--target COLUMN`")
    if y is not None and wanted.targets[0].shape == (1,):
        y = y[:, None]
    return Splits(_pair(path, wanted, x, y))


def _txt(path: Path, wanted: Wanted) -> Splits:
    if wanted.seq_len is None:
        raise bad(path, "is a text, and how many characters make a sample is not given", "write `--seq-len 100`")
    numbers, alphabet = load_text(path)
    steps = wanted.seq_len
    count = (len(numbers) - 1) // steps
    if count < 1:
        raise bad(path, f"has {len(numbers)} characters, less than one sample of {steps} and its next", "shorten it")
    x = numbers[: count * steps].reshape(count, steps)
    y = numbers[1 : count * steps + 1].reshape(count, steps)
    return Splits(_pair(path, wanted, x, y), None, alphabet)


_LOADERS: dict[str, Callable[[Path, Wanted], Splits]] = {".npz": _npz, ".npy": _npy, ".csv": _csv, ".txt": _txt}
