"""Data whose files are sound in form, and still cannot be what they say; and what a prediction needs of a folder."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from netc.runtime.data.contract import check
from netc.runtime.data.dataset import Dataset
from netc.runtime.data.load import load
from netc.runtime.data.wanted import Wanted
from netc.runtime.errors import RunError
from netc.runtime.ports import Port

X, Y = Port("image", "float32", ("N", 2)), Port("label", "int64", ("N",), 3)
IMAGES, LABELS = np.arange(6, dtype=np.float32).reshape(3, 2), np.array([0, 1, 2])


def npy(header: str) -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def sized(shape: str) -> bytes:
    return npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}")


def npz(method: int = zipfile.ZIP_STORED, **arrays: NDArray[np.generic]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array)
            archive.writestr(f"{name}.npy", member.getvalue())
    return file.getvalue()


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


PACKED = npz(zipfile.ZIP_LZMA, x=IMAGES, y=LABELS)

FILES = {
    "single number.npz": (npz(x=np.array(1.0), y=LABELS), "`image` is a single number"),
    "single label.npz": (npz(x=IMAGES, y=np.array(1)), "`label` is a single number"),
    "unhashable.npy": (npy("{[1]: 2}"), "has a header that is not NumPy's"),
    "sizes of 2,000 digits.npy": (sized(f"(0x{'f' * 1900}, 0x{'f' * 1900})"), "has a header with no shape"),
    "empty and too large.npy": (sized(f"(0, {2**62}, 8)"), "empty but for its sizes"),
    "lzma.npz": (PACKED, "by method 14 of zip"),
    "damaged lzma.npz": (flipped(PACKED, 60), "by method 14 of zip"),
    "blank lines.csv": (b"a,b,y\n\n1,2,0\n\n1,x,0\n", "line 5, column `b`"),
    "lines in quotes.csv": (b'a,b,y\n1,2,"0\n"\n1,x,0\n', "line 4, column `b`"),
}


@pytest.mark.parametrize("name", FILES)
def test_files(name: str, tmp_path: Path) -> None:
    data, message = FILES[name]
    (tmp_path / name).write_bytes(data)
    np.save(tmp_path / "labels.npy", LABELS)
    wanted = Wanted((X,), (Y,), labels=str(tmp_path / "labels.npy"), target="y")
    with pytest.raises(RunError) as caught:
        check(load(str(tmp_path / name), wanted).train, (X, Y), name)
    assert message in caught.value.message
    assert len(caught.value.message) < 300


def test_empty_idx_with_large_sizes(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\3" + struct.pack(">3I", 0, 2**32 - 1, 2**32 - 1))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\1" + struct.pack(">I", 0))
    with pytest.raises(RunError, match="empty but for its sizes"):
        load(str(tmp_path), Wanted((X,), (Y,)))


def test_a_prediction_needs_no_labels(tmp_path: Path) -> None:
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(b"\0\0\x08\3" + struct.pack(">3I", 2, 1, 1) + b"\x00\xff")
    found = load(str(tmp_path), Wanted((X,), ()))
    assert found.train.arrays["image"].tolist() == [[[[0.0]]], [[[1.0]]]]
    with pytest.raises(RunError, match="1 files of test images and 0 of labels"):
        load(str(tmp_path), Wanted((X,), (Y,)))


IMAGE, TABLE = Port("x", "float32", ("N", 1, 4, 3)), Port("x", "float32", ("N", 12))
COLOUR, PLAIN, BYTE = Port("x", "float32", ("N", 3, 4, 5)), Port("x", "int64", ("N", 2)), Port("x", "uint8", ("N", 2))
CLASSES, IGNORING = Port("x", "int64", ("N",), 3), Port("x", "int64", ("N",), 3, -1)


@pytest.mark.parametrize(
    ("port", "array", "message", "help"),
    [
        (IMAGE, np.zeros((2, 4, 3)), "`x` is [1, 4, 3] for each sample, the data are [4, 3]", "x[:, None]"),
        (COLOUR, np.zeros((2, 4, 5, 3)), "[3, 4, 5] for each sample, the data are [4, 5, 3]", "transpose(0, 3, 1, 2)"),
        (TABLE, np.zeros((2, 4, 3)), "[12] for each sample, the data are [4, 3]", "flatten"),
        (TABLE, np.zeros((2, 5)), "[12] for each sample, the data are [5]", "change the input"),
        (TABLE, np.zeros((0, 12)), "there is no sample", "at least one"),
        (TABLE, np.zeros((2, 12), complex), "`x` holds complex128, not numbers", "convert"),
        (X, np.array([[0, 1], [2, np.nan]]), "sample 1 of `image` has nan", "take such samples out"),
        (X, np.array([[0, 1], [-np.inf, 1]]), "sample 1 of `image` has -inf", "take such samples out"),
        (X, np.array([[0, 1], [0, -1e39]]), "sample 1 of `image` has -1e+39, beyond float32", "scale"),
        (PLAIN, np.array([[0, 0.5]]), "sample 0 of `x` has 0.5, not a whole number", "whole"),
        (PLAIN, np.array([[0, 1e30]]), "sample 0 of `x` has 1e+30, the net knows -9223372036854775808 to", "change"),
        (PLAIN, np.array([[0, 2**63]], np.uint64), "sample 0 of `x` has 9223372036854775808, the net knows", "change"),
        (BYTE, np.array([[0, 256]]), "sample 0 of `x` has 256, the net knows 0 to 255", "change"),
        (CLASSES, np.array([1, 3, 2]), "sample 1 of `x` has 3, the net knows 0 to 2; they seem to be", "from 0"),
        (CLASSES, np.array([0, -1]), "sample 1 of `x` has -1, the net knows 0 to 2", "from 0"),
        (IGNORING, np.array([0, -1, -2]), "sample 2 of `x` has -2, the net knows 0 to 2", "from 0"),
    ],
)
def test_the_contract(port: Port, array: NDArray[np.generic], message: str, help: str) -> None:
    with pytest.raises(RunError) as caught:
        check(Dataset({port.name: array}), (port,), "data")
    assert message in caught.value.message
    assert help in caught.value.help


@pytest.mark.parametrize(
    ("port", "array"),
    [
        (X, np.array([[0, np.finfo(np.float32).max]])),
        (X, np.array([[2**63]] * 2, np.uint64).reshape(1, 2)),
        (X, np.ones((1, 2), np.float16)),
        (X, np.ones((1, 2), bool)),
        (Port("x", "float64", ("N", 2)), np.array([[0, 1e300]])),
        (PLAIN, np.array([[-(2**63), 2**63 - 1]])),
        (PLAIN, np.ones((1, 2), bool)),
        (PLAIN, np.array([[-3.0, 4.0]])),
        (BYTE, np.array([[0, 255]])),
        (Port("x", "bool", ("N", 2)), np.array([[0, 1]])),
        (CLASSES, np.array([2.0, 0.0])),
        (IGNORING, np.array([-1, 2])),
    ],
)
def test_what_fits(port: Port, array: NDArray[np.generic]) -> None:
    check(Dataset({port.name: array}), (port,), "data")


@pytest.mark.parametrize("shape", [(3, 2), (2, 3 << 20), (2, 3 << 10, 2, 1 << 10), (5 << 20, 2), (2, 2, 5 << 20)])
def test_the_last_number_of_large_samples_is_looked_at(shape: tuple[int, ...]) -> None:
    """Samples are looked at together where they are small, and in parts where they are large."""
    array = np.zeros(shape, np.uint8)
    port = Port("x", "int64", ("N", *shape[1:]), 3)
    check(Dataset({"x": array}), (port,), "data")
    array[(-1,) * len(shape)] = 3
    with pytest.raises(RunError, match=rf"sample {shape[0] - 1:,} of `x` has 3"):
        check(Dataset({"x": array}), (port,), "data")


def test_all_that_is_wrong_is_said_at_once() -> None:
    data = Dataset({"image": np.array([[0, np.nan]]), "label": np.array([5])})
    with pytest.raises(RunError) as caught:
        check(data, (X, Y), "data")
    assert "sample 0 of `image` has nan; sample 0 of `label` has 5" in caught.value.message
