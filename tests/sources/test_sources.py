"""Data of every kind: what is read, and what is refused in one line without reading it."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netc.runtime.data.contract import check
from netc.runtime.data.load import load
from netc.runtime.data.wanted import Wanted
from netc.runtime.errors import RunError
from netc.runtime.ports import Port

X, Y = Port("image", "float32", ("N", 2)), Port("label", "int64", ("N",), 3)
WANTED = Wanted((X,), (Y,))
IMAGES = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], np.float32)
LABELS = np.array([0, 1, 2])


def npy(array: np.ndarray, **keywords: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **keywords)
    return file.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def idx(array: np.ndarray, magic: bytes | None = None) -> bytes:
    head = magic or bytes([0, 0, 8, array.ndim])
    return head + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(">u1").tobytes()


@pytest.mark.parametrize(
    "names", [("x", "y"), ("image", "label"), ("x_train", "y_train"), ("image_train", "label_train")]
)
def test_npz(names: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "d.npz").write_bytes(npz(**{names[0]: IMAGES, names[1]: LABELS}))
    found = load(str(tmp_path / "d.npz"), WANTED)
    assert np.array_equal(found.train.arrays["image"], IMAGES)
    assert np.array_equal(found.train.arrays["label"], LABELS)
    assert found.test is None
    check(found.train, (X, Y), "d.npz")


def test_npz_in_two_parts(tmp_path: Path) -> None:
    (tmp_path / "d.npz").write_bytes(npz(x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:1], y_test=LABELS[:1]))
    found = load(str(tmp_path / "d.npz"), WANTED)
    assert found.test is not None
    assert (found.train.size, found.test.size) == (3, 1)


@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_is_mapped(order: str, tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(npy(np.asarray(IMAGES, order=order)))  # type: ignore[call-overload]
    (tmp_path / "y.npy").write_bytes(npy(LABELS))
    found = load(str(tmp_path / "x.npy"), Wanted((X,), (Y,), labels=str(tmp_path / "y.npy")))
    assert isinstance(found.train.arrays["image"], np.memmap)
    assert np.array_equal(found.train.arrays["image"], IMAGES)


@pytest.mark.parametrize("packed", [False, True])
def test_idx(packed: bool, tmp_path: Path) -> None:
    images = np.arange(24).reshape(2, 3, 4)
    for part, start in (("train", 0), ("t10k", 1)):
        files = ((f"{part}-images-idx3-ubyte", images[start:]), (f"{part}-labels-idx1-ubyte", np.array([1, 2])[start:]))
        for name, array in files:
            data = idx(array)
            (tmp_path / f"{name}{'.gz' if packed else ''}").write_bytes(gzip.compress(data) if packed else data)
    found = load(str(tmp_path), Wanted((Port("image", "float32", ("N", 1, 3, 4)),), (Y,)))
    assert found.test is not None
    assert np.allclose(found.train.arrays["image"][:, 0] * 255, images)
    assert found.train.arrays["image"].dtype == np.float32
    assert found.test.arrays["label"].tolist() == [2]


def test_csv(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text('a,kind,b\n0,"red, deep",1\n2,blue,3.5\n')
    found = load(str(tmp_path / "d.csv"), Wanted((X,), (Y,), target="kind"))
    assert found.train.arrays["image"].tolist() == [[0, 1], [2, 3.5]]
    assert found.train.arrays["label"].tolist() == [1, 0]


def test_text(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text("abracadabra!")
    text, following = Port("text", "int64", ("N", "T"), 6), Port("next", "int64", ("N", "T"), 6)
    found = load(str(tmp_path / "d.txt"), Wanted((text,), (following,), seq_len=5))
    assert found.alphabet == "!abcdr"
    assert found.train.arrays["text"].shape == (2, 5)
    assert np.array_equal(found.train.arrays["next"][0, :-1], found.train.arrays["text"][0, 1:])


def test_digits() -> None:
    found = load("digits", Wanted((Port("image", "float32", ("N", 1, 8, 8)),), (Port("label", "int64", ("N",), 10),)))
    assert found.train.size == 1797
    assert (float(found.train.arrays["image"].min()), float(found.train.arrays["image"].max())) == (0, 1)
    rest, held_out = found.train.split(0.2, 0, "label")
    assert (rest.size, held_out.size) == (1438, 359)
    # scikit-learn's load_digits has these many of each digit.
    assert np.bincount(found.train.arrays["label"]).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


class Code:
    """What a pickle could run."""

    def __reduce__(self) -> Any:
        return os.system, ("false",)


def bomb(name: str = "x.npy", size: int = 50_000_000) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, npy(np.zeros(size, np.uint8)))
        archive.writestr("y.npy", npy(LABELS))
    return file.getvalue()


def members(*entries: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name), data)
    return file.getvalue()


GOOD = npz(x=IMAGES, y=LABELS)
PLAIN = npy(IMAGES)


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new, 1)


HOSTILE: dict[str, bytes] = {
    "empty.npz": b"",
    "text.npz": b"hello",
    "pickle.npz": pickle.dumps(Code()),
    "objects.npz": npz(x=np.array([Code()], object), y=LABELS),
    "bomb.npz": bomb(),
    "cut.npz": GOOD[: len(GOOD) // 2],
    "flipped.npz": GOOD[:150] + bytes([GOOD[150] ^ 0xFF]) + GOOD[151:],
    "other names.npz": npz(a=IMAGES, b=LABELS),
    "one array.npz": npz(x=IMAGES),
    "no array.npz": members(("x.npy", b""), ("y.npy", npy(LABELS))),
    "not npy.npz": members(("x.npy", b"abc" * 100), ("y.npy", npy(LABELS))),
    "script.npz": members(("x.npy", PLAIN), ("y.npy", npy(LABELS)), ("setup.py", b"import os")),
    "climbing.npz": members(("../x.npy", PLAIN), ("y.npy", npy(LABELS))),
    "absolute.npz": members(("/etc/x.npy", PLAIN), ("y.npy", npy(LABELS))),
    "long name.npz": members(("x" * 5000 + ".npy", PLAIN), ("y.npy", npy(LABELS))),
    "many.npz": members(*((f"a{n}.npy", b"") for n in range(10_001))),
    "object header.npy": changed(PLAIN, b"'<f4'", b"'|O' "),
    "structured.npy": npy(np.zeros(3, [("a", "f4")])),
    "strings.npy": npy(np.array(["a", "b", "c"])),
    "complex.npy": npy(np.zeros(3, complex)),
    "dates.npy": npy(np.zeros(3, "datetime64[s]")),
    "huge.npy": changed(PLAIN, b"(3, 2)", b"(9**9)"),
    "larger.npy": changed(PLAIN, b"(3, 2), ", b"(99999999999, 2), "[:8]),
    "more rows.npy": changed(PLAIN, b"(3, 2)", b"(4, 2)"),
    "fewer rows.npy": changed(PLAIN, b"(3, 2)", b"(2, 2)"),
    "negative.npy": changed(PLAIN, b"(3, 2)", b"(-3,2)"),
    "calls.npy": changed(PLAIN, b"'<f4'", b"id(1)"),
    "no shape.npy": changed(PLAIN, b"'shape'", b"'shale'"),
    "version.npy": PLAIN[:6] + b"\x09" + PLAIN[7:],
    "long header.npy": PLAIN[:8] + b"\xff\xff" + PLAIN[10:],
    "cut.npy": PLAIN[:-1],
    "longer.npy": PLAIN + b"\0",
    "magic.npy": b"\x93NUMPI" + PLAIN[6:],
    "pickle.npy": pickle.dumps(Code()),
    "empty.npy": b"",
    "empty.csv": b"",
    "header.csv": b"a,b,c\n",
    "short row.csv": b"a,b,y\n1,2,0\n1,2\n",
    "word.csv": b"a,b,y\n1,2,0\n1,x,1\n",
    "no target.csv": b"a,b,c\n1,2,0\n",
    "two targets.csv": b"a,y,y\n1,2,0\n",
    "quote.csv": b'a,b,y\n"1,2,0\n',
    "latin.csv": b"a,b,y\n\xe9,2,0\n",
    "nul.csv": b"a,b,y\n\x001,2,0\n",
    "latin.txt": b"\xff\xfe\xfd" * 10,
    "short.txt": b"ab",
    "empty.txt": b"",
    "unknown.bin": b"abc",
    "model.pkl": pickle.dumps(Code()),
    "weights.pt": pickle.dumps(Code()),
}  # fmt: skip


@pytest.fixture
def no_code(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The events of the interpreter that would be code running from data."""
    seen: list[str] = []
    armed = [True]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if armed[0] and event in ("pickle.find_class", "os.system", "subprocess.Popen", "exec", "import"):
            name = str(arguments[0]) if arguments else ""
            if event != "import" and "netc" not in name and "code object <module>" not in name:
                seen.append(f"{event} {name}")

    sys.addaudithook(hook)

    def stop() -> list[str]:
        armed[0] = False
        return seen

    return stop


def read_and_check(path: Path, wanted: Wanted) -> None:
    check(load(str(path), wanted).train, (*wanted.inputs, *wanted.targets), path.name)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str, tmp_path: Path, no_code: Callable[[], list[str]]) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name])
    labels = tmp_path / "labels.npy"
    labels.write_bytes(npy(LABELS))
    steps = 5 if path.suffix == ".txt" else None
    with pytest.raises(RunError) as caught:
        read_and_check(path, Wanted((X,), (Y,), labels=str(labels), target="y", seq_len=steps))
    assert "\n" not in caught.value.message
    assert caught.value.help
    assert no_code() == []


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (idx(np.zeros((2, 3, 4)), b"\x01\0\x08\x03"), idx(np.zeros(2))),
        (idx(np.zeros((2, 3, 4)), b"\0\0\x07\x03"), idx(np.zeros(2))),
        (idx(np.zeros((2, 3, 4)))[:-1], idx(np.zeros(2))),
        (idx(np.zeros((2, 3, 4))) + b"\0", idx(np.zeros(2))),
        (idx(np.zeros((2, 3, 4)), b"\0\0\x08\x09"), idx(np.zeros(2))),
        (gzip.compress(idx(np.zeros((2, 3, 4))), mtime=0)[:-9], idx(np.zeros(2))),
        (b"", idx(np.zeros(2))),
        (idx(np.zeros((2, 3, 4))), None),
        (idx(np.zeros((3, 3, 4))), idx(np.zeros(2))),
    ],
)
def test_hostile_idx(images: bytes, labels: bytes | None, tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(images)
    if labels is not None:
        (tmp_path / "train-labels-idx1-ubyte").write_bytes(labels)
    image = Port("image", "float32", ("N", 1, 3, 4))
    with pytest.raises(RunError):
        check(load(str(tmp_path), Wanted((image,), (Y,))).train, (image, Y), "folder")


@pytest.mark.parametrize("name", ["d.npz", "d.npy", "d.csv", "d.txt"])
@pytest.mark.parametrize("kind", ["fifo", "missing", "device", "loop"])
def test_what_is_no_regular_file(name: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "loop":
        path.symlink_to(path)
    with pytest.raises(RunError):
        load(str(path), Wanted((X,), (Y,), target="y", seq_len=2))


def test_there_are_enough() -> None:
    assert len(HOSTILE) >= 50
