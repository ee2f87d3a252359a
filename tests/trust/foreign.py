"""Files that netc reads besides specs, made by strangers: what an entry of such a corpus is, and how one is run."""

from __future__ import annotations

import io
import os
import shutil
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Make = Callable[[Path], None]

NET = """net small {
  input x: f32[N, 3]
  target y: i64[N]
  fc(4) -> relu
  fc(2)
  train { loss = cross_entropy; optimizer = adam(lr = 0.01); batch = 4; epochs = 1; seed = 1 }
}
"""
X = np.arange(24, dtype=np.float32).reshape(8, 3)
Y = np.arange(8) % 2


@dataclass(frozen=True, slots=True)
class Entry:
    """`make` writes files into a folder that holds `a.net`; `arguments` is the command that reads them there.

    `says` is None where the command ends well, or what its error says, `code: words`, in a line that names `file`.
    What is `large` takes long to make or to read, and is left to `make trust`.
    """

    name: str
    says: str | None
    make: Make
    arguments: tuple[str, ...]
    file: str
    status: int
    spec: str = NET
    large: bool = False
    means: Array | None = None

    def write(self, folder: Path) -> None:
        """Write the entry's files."""
        folder.mkdir(parents=True)
        (folder / "a.net").write_text(self.spec)
        self.make(folder)


def file(name: str, data: bytes) -> Make:
    """What writes one file."""

    def make(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return make


def both(*makers: Make) -> Make:
    """What does several things in turn."""

    def make(folder: Path) -> None:
        for maker in makers:
            maker(folder)

    return make


def npy(array: Array, *, version: tuple[int, int] = (1, 0)) -> bytes:
    """The bytes of an .npy file."""
    data = io.BytesIO()
    np.lib.format.write_array(data, array, version=version, allow_pickle=True)
    return data.getvalue()


def headed(header: str | bytes, data: bytes = b"", size: int | None = None, version: bytes = b"\x01\x00") -> bytes:
    """An .npy file with any header, which may lie about its own size."""
    text = header.encode("latin-1") if isinstance(header, str) else header
    width = "<H" if version[0] == 1 else "<I"
    return b"\x93NUMPY" + version + struct.pack(width, len(text) if size is None else size) + text + data


def described(shape: str, data: bytes = b"", descr: str = "'<f4'", fortran: str = "False") -> bytes:
    """An .npy file with a header of this shape, type and order."""
    return headed(f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n", data)


def npz(
    members: Sequence[tuple[str, bytes]] | Mapping[str, Array] | None = None,
    method: int = zipfile.ZIP_STORED,
    **arrays: Array,
) -> bytes:
    """An archive of these members, or of these arrays."""
    if isinstance(members, Mapping):
        return npz([(f"{name}.npy", npy(array)) for name, array in members.items()], method)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in members or [(f"{name}.npy", npy(array)) for name, array in arrays.items()]:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return data.getvalue()


def sparse(name: str, size: int, start: bytes = b"") -> Make:
    def make(folder: Path) -> None:
        with (folder / name).open("wb") as out:
            out.write(start)
            out.truncate(size)

    return make


def nothing(folder: Path) -> None:
    """For what is not there."""


class Payload:
    """What a pickle runs when it is read."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch pwned",)


STATUS = {"missing-file": 2, "cannot-write": 2, "warning": 0}


def of_data(
    name: str,
    says: str | None,
    make: Make,
    source: str,
    *options: str,
    at: str = "",
    spec: str = NET,
    large: bool = False,
    means: Array | None = None,
) -> Entry:
    """An entry of data from `source` that a network is trained on."""
    arguments = ("train", "a.net", "--data", source, *options)
    status = 0 if says is None else STATUS.get(says.split(":")[0], 1)
    return Entry(name, says, make, arguments, at or source, status, spec, large, means)


def of_weights(
    name: str, says: str | None, make: Make, *arguments: str, at: str, spec: str = NET, large: bool = False
) -> Entry:
    """An entry of weights or a run, for a network with its data."""
    status = 0 if says is None else STATUS.get(says.split(":")[0], 1)
    return Entry(name, says, both(file("d.npz", npz(x=X, y=Y)), make), arguments, at, status, spec, large)


def strange(name: str, kind: str) -> Make:
    """Something else in the place of a file."""

    def make(folder: Path) -> None:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "loop":
            path.symlink_to(path.name)
        elif kind == "zero":
            path.symlink_to("/dev/zero")
        else:
            path.symlink_to(kind)

    return make
