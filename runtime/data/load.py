"""From what a user names as data to arrays by the names of a net's inputs and targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..record import replace
from .dataset import Dataset, Splits
from .files import bad, is_folder, read
from .idx import find_part, load_idx
from .npy import load_npy, load_npz
from .sequences import cut, series
from .table import load_table
from .text import decoded, numbered, topics
from .wanted import Wanted

Array = NDArray[Any]
DIGITS = Path(__file__).with_name("digits.npz")
SUNSPOTS = Path(__file__).with_name("sunspots.csv")
# Two cycles of the sun are about so many years.
CYCLES = 22
# A text is there as bytes, then as characters of up to four bytes, then as numbers too.
TEXT_FACTOR = 6


def load(source: str, wanted: Wanted) -> Splits:
    """The data of a source, not yet checked against the ports. Raises RunError.

    `digits`, `sunspots` and `topics` are always there; .npz, .npy, .csv and .txt are files, a folder holds IDX files.
    """
    if source in _BUNDLED:
        return _BUNDLED[source](wanted)
    path = Path(source)
    if is_folder(path):
        return _folder(path, wanted)
    loader = _LOADERS.get(path.suffix.lower())
    if loader is None:
        raise RunError(
            "bad-data",
            f"`{source}` is not a source of data",
            help=f"give {', '.join(_BUNDLED)}, a file that ends with {', '.join(_LOADERS)}, or a folder of IDX files",
        )
    return loader(path, wanted)


def _pair(where: Path | str, wanted: Wanted, x: Array, y: Array | None) -> Dataset:
    """Inputs and labels for a net with one input and one target."""
    _one_pair(where, wanted)
    arrays = {wanted.inputs[0].name: x}
    if wanted.targets:
        if y is None:
            raise bad(where, f"has nothing for the target `{wanted.targets[0].name}`", "give it: `--labels FILE`")
        arrays[wanted.targets[0].name] = y
    return Dataset(arrays)


def _one_pair(where: Path | str, wanted: Wanted) -> None:
    if len(wanted.inputs) != 1 or len(wanted.targets) > 1:
        names = ", ".join(port.name for port in (*wanted.inputs, *wanted.targets))
        raise bad(where, "has one input and one target, the net has others", f"give an .npz file with {names}")


def _digits(wanted: Wanted) -> Splits:
    arrays = load_npz(DIGITS, wanted.limits)
    images = (arrays["images"].astype(np.float32) / 16)[:, None]
    return Splits(_pair("digits", wanted, images, arrays["labels"]))


def _folder(path: Path, wanted: Wanted) -> Splits:
    parts: dict[str, Dataset] = {}
    for part in ("train", "test"):
        files = find_part(path, part, labelled=bool(wanted.targets))
        if files is not None:
            images, labels = files
            numbers = load_idx(labels, wanted.limits) if labels is not None else None
            parts[part] = _pair(path, wanted, _scaled(load_idx(images, wanted.limits))[:, None], numbers)
    if not parts:
        raise bad(path, "has no IDX files", "give the folder with train-images-idx3-ubyte and its companions")
    return Splits(parts["train"], parts.get("test")) if "train" in parts else Splits(parts["test"])


def _scaled(images: Array) -> Array:
    return np.divide(images, 255, dtype=np.float32) if images.dtype == np.uint8 else images


def _npz(path: Path, wanted: Wanted) -> Splits:
    """Arrays by the net's own names, or x and y; with _train and _test for two parts."""
    arrays = load_npz(path, wanted.limits)
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


def _sunspots(wanted: Wanted) -> Splits:
    _one_pair("sunspots", wanted)
    wanted = replace(wanted, target=wanted.target or "sunspots")
    return Splits(series("sunspots", SUNSPOTS, wanted, wanted.seq_len or CYCLES))


def _topics(wanted: Wanted) -> Splits:
    return _characters("topics", topics(), wanted)


def _csv(path: Path, wanted: Wanted) -> Splits:
    if wanted.seq_len is not None:
        _one_pair(path, wanted)
        return Splits(series(str(path), path, wanted, wanted.seq_len))
    x, y = load_table(path, wanted.target, wanted.limits)
    if wanted.targets and y is None:
        raise bad(path, "does not say which column is predicted", "name it: `--target COLUMN`")
    if y is not None and wanted.targets and wanted.targets[0].shape == (1,):
        y = y[:, None]
    return Splits(_pair(path, wanted, x, y))


def _txt(path: Path, wanted: Wanted) -> Splits:
    return _characters(str(path), decoded(str(path), read(path, wanted.limits, TEXT_FACTOR)), wanted)


def _characters(where: str, text: str, wanted: Wanted) -> Splits:
    """Samples of a text, which are numbered by the known alphabet, or else by the text's own."""
    if wanted.seq_len is None:
        raise bad(where, "is a text, and how many characters make a sample is not given", "write `--seq-len 100`")
    numbers, alphabet = numbered(where, text, wanted.alphabet)
    known = wanted.inputs[0].classes
    if known is not None and len(alphabet) > known:
        message = f"has {len(alphabet):,} different characters, and `{wanted.inputs[0].name}` takes {known:,}"
        raise bad(where, message, f"make the net's vocabulary {len(alphabet):,}, or take rare characters out")
    _one_pair(where, wanted)
    return Splits(cut(where, numbers, numbers, wanted, wanted.seq_len), None, alphabet)


_LOADERS: dict[str, Callable[[Path, Wanted], Splits]] = {".npz": _npz, ".npy": _npy, ".csv": _csv, ".txt": _txt}
_BUNDLED: dict[str, Callable[[Wanted], Splits]] = {"digits": _digits, "sunspots": _sunspots, "topics": _topics}
