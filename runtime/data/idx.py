"""IDX files, the format of MNIST: magic number, sizes and bytes (LeCun, Cortes, Burges 1998)."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from ..limits import FileLimits
from .files import bad, fits, opened, room, unreadable

Array = NDArray[Any]

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
# The parts of a data set with the names that their files start with.
PARTS = {"train": ("train",), "test": ("t10k", "test")}


def load_idx(path: Path, limits: FileLimits) -> Array:
    """The array of an IDX file, packed by gzip or not. Raises RunError."""
    with os.fdopen(opened(path), "rb") as file:
        try:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            ratio = limits.unpack_ratio if packed else 1
            most = ratio * os.fstat(file.fileno()).st_size
            inside: IO[bytes] = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if packed else file
            return _array(path, inside, most, limits)
        except (gzip.BadGzipFile, EOFError, zlib.error):
            raise bad(path, "is damaged: it does not unpack", "take the original file") from None
        except OSError as error:
            raise unreadable(path, error) from None


def _array(path: Path, file: IO[bytes], most: int, limits: FileLimits) -> Array:
    """The array of an open file, which has at most so many bytes."""
    head = file.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in TYPES or not 1 <= head[3] <= 8:
        raise bad(path, "is not an IDX file: it does not start with its magic number", "take the original file")
    dtype, rank = np.dtype(TYPES[head[2]]), head[3]
    sizes = file.read(4 * rank)
    shape = tuple(int.from_bytes(sizes[4 * axis : 4 * axis + 4], "big") for axis in range(len(sizes) // 4))
    wanted = math.prod(shape) * dtype.itemsize
    if wanted > most:
        message = f"is {list(shape)}, {wanted:,} bytes, which so small a file does not hold"
        raise bad(path, message, "it was cut off or changed: take the original file")
    # Bytes become floats of four.
    room(path, wanted, limits, 5)
    data = file.read(wanted + 1)
    if len(data) != wanted or len(shape) != rank:
        follow = f"{len(data):,}" if len(data) < wanted else "more"
        raise bad(
            path,
            f"is {list(shape)}, {wanted:,} bytes, but {follow} follow its header",
            "it was cut off or changed: take the original file",
        )
    if not fits(shape, dtype.itemsize):
        raise bad(path, f"is {list(shape)}, empty but for its sizes", "take the original file")
    return np.frombuffer(data, dtype).reshape(shape)


def find_part(folder: Path, part: str, labelled: bool) -> tuple[Path, Path | None] | None:
    """The files of images and, if wanted, labels of the part `train` or `test`. Raises RunError when one is missing."""
    try:
        names = sorted(path for path in folder.iterdir() if path.name.startswith(PARTS[part]))
    except OSError as error:
        raise unreadable(folder, error) from None
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
