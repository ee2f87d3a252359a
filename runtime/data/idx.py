"""IDX files, the format of MNIST: magic number, sizes and bytes (LeCun, Cortes, Burges 1998)."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .files import MAX_BYTES, bad, fits, opened

Array = NDArray[Any]

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
# The parts of a data set with the names that their files start with.
PARTS = {"train": ("train",), "test": ("t10k", "test")}


def load_idx(path: Path) -> Array:
    """The array of an IDX file, packed by gzip or not. Raises RunError."""
    data = _bytes(path)
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in TYPES or not 1 <= data[3] <= 8:
        raise bad(path, "is not an IDX file: it does not start with its magic number", "take the original file")
    dtype, rank = np.dtype(TYPES[data[2]]), data[3]
    shape = tuple(int.from_bytes(data[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(rank))
    start = 4 + 4 * rank
    wanted = math.prod(shape) * dtype.itemsize
    if len(data) - start != wanted:
        raise bad(
            path,
            f"is {list(shape)}, {wanted:,} bytes, but {max(len(data) - start, 0):,} follow its header",
            "it was cut off or changed: take the original file",
        )
    if not fits(shape, dtype.itemsize):
        raise bad(path, f"is {list(shape)}, empty but for its sizes", "take the original file")
    return np.frombuffer(data, dtype, offset=start).reshape(shape)


def _bytes(path: Path) -> bytes:
    with os.fdopen(opened(path), "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            data = gzip.GzipFile(fileobj=file).read(MAX_BYTES + 1) if packed else file.read(MAX_BYTES + 1)
        except (OSError, EOFError, zlib.error):
            raise bad(path, "is damaged: it does not unpack", "take the original file") from None
    if len(data) > MAX_BYTES:
        raise bad(path, f"would unpack to more than {MAX_BYTES:,} bytes", "divide it")
    return data


def find_part(folder: Path, part: str, labelled: bool) -> tuple[Path, Path | None] | None:
    """The files of images and, if wanted, labels of the part `train` or `test`. Raises RunError when one is missing."""
    names = sorted(path for path in folder.iterdir() if path.name.startswith(PARTS[part]))
    images = [path for path in names if "images" in path.name and "idx" in path.name]
    labels = [path for path in names if "labels" in path.name and "idx" in path.name]
    if not images and not labels:
        return None
    if len(images) != 1 or (labelled and len(labels) != 1):
        raise bad(
            folder,
            f"has {len(images)} files of {part} images and {len(labels)} of labels",
            "give one of each, such as train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz",
        )
    return images[0], labels[0] if labelled else None
