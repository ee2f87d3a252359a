"""Hostile tables, texts and IDX files, and what stands in the place of a file of data.

Each entry says what `netc train` must say of it, or what the inputs mean that it holds.
"""

from __future__ import annotations

import gzip
import os
import pickle
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from .foreign import NET, Array, Entry, Payload, X, Y, both, described, file, nothing, npy, npz, of_data, sparse

GIB = 1 << 30

# Tables


def table(*lines: str) -> bytes:
    return ("\n".join(["a,b,c,y", *lines]) + "\n").encode()


ROWS = [f"{a:g},{b:g},{c:g},{y}" for (a, b, c), y in zip(X.tolist(), Y.tolist(), strict=True)]
TABLE = table(*ROWS)


def _tables() -> Iterator[Entry]:
    good: dict[str, bytes] = {
        "plain": TABLE,
        "mark": b"\xef\xbb\xbf" + TABLE,
        "crlf": TABLE.replace(b"\n", b"\r\n"),
        "quoted": b'"a","b","c","y"\n' + b"\n".join(b'"' + row.encode().replace(b",", b'","') + b'"' for row in ROWS),
        "blank-lines": TABLE.replace(b"\n", b"\n\n"),
        "words": TABLE.replace(b",0\n", b",cat\n").replace(b",1\n", b",dog\n"),
    }
    for name, data in good.items():
        yield of_data(f"csv-{name}", None, file("d.csv", data), "d.csv", "--target", "y", means=X)


def _numbers() -> Iterator[Entry]:
    numbers = {
        "underscore": "1_000",
        "hexadecimal": "0x10",
        "binary": "0b1",
        "comma": '"1,5"',
        "thousands": '"1,000.5"',
        "arabic": "٣",
        "fullwidth": "１",
        "minus-sign": "\u22121",
        "no-break-space": "1\xa0000",
        "empty": "",
        "space": " ",
        "percent": "5%",
        "money": "$5",
        "date": "2024-01-01",
        "formula": "=1+1",
        "complex": "1j",
        "word": "NA",
        "two": "1 2",
        "escape": "\x1b[2J",
        "nul": "1\0",
        "fortran": "1d5",
        "dots": "1.2.3",
        "long": "9" * 100_000 + "x",
    }
    for name, number in numbers.items():
        data = table(ROWS[0], f"1,{number},3,0", *ROWS[2:])
        yield of_data(
            f"csv-number-{name}", "bad-data: line 3, column `b`", file("d.csv", data), "d.csv", "--target", "y"
        )
    for name, number in {"nan": "nan", "infinite": "-inf", "1e999": "1e999", "1e39": "1e39", "NaN": "NaN"}.items():
        data = table(ROWS[0], f"1,{number},3,0", *ROWS[2:])
        yield of_data(
            f"csv-number-{name}", "bad-data: sample 1 of `x` has ", file("d.csv", data), "d.csv", "--target", "y"
        )


def _bad_tables() -> Iterator[Entry]:
    wide = b",".join(b"%d" % i for i in range(100_000)) + b",y\n" + b"1," * 100_000 + b"0\n"
    bad: dict[str, tuple[str, bytes]] = {
        "empty": ("has no rows under a line of names", b""),
        "header-alone": ("has no rows under a line of names", b"a,b,c,y\n"),
        "ragged-short": ("line 3 has 3 values, the header 4", table(ROWS[0], "1,2,3")),
        "ragged-long": ("line 3 has 5 values, the header 4", table(ROWS[0], "1,2,3,4,5")),
        "semicolons": ("has 0 columns `y`", TABLE.replace(b",", b";")),
        "tabs": ("has 0 columns `y`", TABLE.replace(b",", b"\t")),
        "target-twice": ("has 2 columns `y`", TABLE.replace(b"a,b,c", b"a,y,c")),
        "quote-open": ("is no table", table('1,"2,3,0', *ROWS)),
        "quote-late": ("is no table", table('1,"2"3,3,0', *ROWS)),
        "quote-in-number": ("line 2, column `b`", table('1,2"2,3,0', *ROWS)),
        "field-huge": ("is no table", table(f"1,{'9' * 200_000},3,0")),
        "line-in-quotes": ("line 4, column `b`", table('1,"2\n\nx",3,0')),
        "latin-1": ("is not UTF-8 text after line 0", b"a,b,c,y\n" + "1,é,3,0\n".encode("latin-1")),
        "utf-16": ("is not UTF-8 text after line 0", TABLE.decode().encode("utf-16")),
        "gzip": ("is not UTF-8 text", gzip.compress(TABLE)),
        "npy": ("is not UTF-8 text", npy(X)),
        "classes": ("the net knows 0 to 1", table(*ROWS[:-1], "1,2,3,7")),
        "class-words": ("the net knows 0 to 1", table(*ROWS, "1,2,3,cat", "1,2,3,dog")),
        "columns": ("is [3] for each sample, the data are [4]", b"z," + TABLE.replace(b"\n", b"\n1,")[:-2]),
        "columns-100,000": ("for each sample, the data are", wide),
    }
    for name, (words, data) in bad.items():
        yield of_data(f"csv-{name}", f"bad-data: {words}", file("d.csv", data), "d.csv", "--target", "y")
    yield of_data("csv-no-target", "bad-data: does not say which column", file("d.csv", TABLE), "d.csv")
    long_label = table(*ROWS, f"1,2,3,{'z' * 100_000}", *ROWS * 12_500)
    yield of_data(
        "csv-one-long-label", "bad-data: the net knows", file("d.csv", long_label), "d.csv", "--target", "y", large=True
    )


def _large_tables() -> Iterator[Entry]:
    def big(name: str, says: str, build: Callable[[], bytes]) -> Entry:
        make = lambda folder: file("d.csv", build())(folder)  # noqa: E731
        return of_data(name, f"bad-data: {says}", make, "d.csv", "--target", "y", large=True)

    yield big("csv-line-100-mb", "", lambda: table("1," * 50_000_000))
    yield big("csv-field-100-mb", "", lambda: table("1" * 100_000_000))
    yield big("csv-rows-10-million", "line", lambda: table("1,2,3,0\n" * 10_000_000 + "1,2,x,0"))
    yield big("csv-blank-100-mb", "no rows", lambda: b"a,b,c,y\n" + b"\n" * 100_000_000)
    yield big("csv-quoted-100-mb", "", lambda: table('"' + "\n" * 100_000_000 + '"'))


# Texts and series

TEXT_NET = """net characters(vocab = 5) {
  input text: i64[N, T]
  target next: i64[N, T]
  embed(vocab, 4) -> fc(vocab)
  train { loss = cross_entropy; optimizer = sgd(lr = 0.1); batch = 2; epochs = 1 }
}
"""


def _texts() -> Iterator[Entry]:
    def text(name: str, says: str | None, data: bytes, *options: str, large: bool = False) -> Entry:
        options = options or ("--seq-len", "4")
        return of_data(f"txt-{name}", says, file("d.txt", data), "d.txt", *options, spec=TEXT_NET, large=large)

    huge = sparse("d.txt", 6 * GIB)
    says = "bad-data: more than 4,294,967,296"
    yield of_data("txt-6-gib", says, huge, "d.txt", "--seq-len", "4", spec=TEXT_NET)
    yield text("plain", None, b"abcde" * 10)
    yield text("mark", None, b"\xef\xbb\xbf" + b"abcde" * 10)
    yield text("four-bytes", None, "𐀀𐀁𐀂𐀃𐀄".encode() * 10)
    yield text("nul", None, b"ab\0de" * 10)
    yield text("two-marks", "bad-data: has 6 different characters", b"\xef\xbb\xbf\xef\xbb\xbf" + b"abcde" * 10)
    yield text("empty", "bad-data: has 0 steps, too few", b"")
    yield text("mark-alone", "bad-data: has 0 steps, too few", b"\xef\xbb\xbf")
    yield text("short", "bad-data: has 4 steps, too few", b"abcd")
    yield text("latin-1", "bad-data: is not UTF-8 text: byte 5", b"abcde\xe9")
    yield text("cut-off", "bad-data: is not UTF-8 text: byte 5", b"abcde\xe2\x80")
    yield text("surrogate", "bad-data: is not UTF-8 text: byte 1", b"a\xed\xa0\x80" * 10)
    yield text("overlong", "bad-data: is not UTF-8 text: byte 1", b"a\xc0\xaf" * 10)
    yield text("utf-16", "bad-data: is not UTF-8 text: byte 0", ("abcde" * 10).encode("utf-16"))
    yield text("binary", "bad-data: is not UTF-8 text", bytes(range(256)) * 10)
    yield text("many-characters", "bad-data: and `text` takes 5", "".join(map(chr, range(32, 50_000))).encode())
    yield text("no-length", "bad-data: how many characters make a sample", b"abcde" * 10, "--dtype", "float32")
    yield text("length-huge", "bad-data: too few", b"abcde" * 10, "--seq-len", str(2**62))
    yield of_data(
        "txt-200-mb", "bad-data: and `text` takes 5",
        lambda folder: file("d.txt", b"abcdefghij" * 20_000_000)(folder),
        "d.txt", "--seq-len", "4", spec=TEXT_NET, large=True,
    )  # fmt: skip
    # A sample that makes half a terabyte of results.
    wide, steps = TEXT_NET.replace("embed(vocab, 4)", "embed(vocab, 1024)"), 1 << 27
    long = described(f"(1, {steps})", descr="'|u1'")
    make = both(*(sparse(name, len(long) + steps, long) for name in ("x.npy", "y.npy")), file("w.npz", npz(x=X)))
    sample = ("a.net", "--data", "x.npy", "--labels", "y.npy")
    for words, arguments in (
        ("training needs", ("train", *sample)),
        ("the network needs", ("eval", *sample, "--weights", "w.npz")),
    ):
        says = f"no-memory: {words}"
        yield Entry(f"long-sample-{arguments[0]}", says, make, arguments, "", 1, wide, large=True)


# IDX

IMAGE_NET = NET.replace("f32[N, 3]", "f32[N, 1, 2, 2]").replace("fc(4)", "flatten -> fc(4)")
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
PIXELS = np.arange(32, dtype=np.uint8).reshape(8, 2, 2)


def idx(array: Array, code: int = 8, sizes: tuple[int, ...] | None = None) -> bytes:
    sizes = array.shape if sizes is None else sizes
    return bytes([0, 0, code, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + array.tobytes()


def _folders() -> Iterator[Entry]:
    good = idx(PIXELS)
    labels = idx(Y.astype(np.uint8))
    files: dict[str, tuple[str | None, bytes]] = {
        "good": (None, good),
        "gzip": (None, gzip.compress(good)),
        "gzip-two-parts": (None, gzip.compress(good[:20]) + gzip.compress(good[20:])),
        "empty": ("magic number", b""),
        "magic": ("magic number", b"\1\0\x08\3" + good[4:]),
        "type-7": ("magic number", idx(PIXELS, 7)),
        "rank-0": ("magic number", b"\0\0\x08\0"),
        "rank-255": ("magic number", b"\0\0\x08\xff" + bytes(2000)),
        "cut-off": ("31 follow its header", good[:-1]),
        "trailing": ("but more follow its header", good + b"\0"),
        "sizes-huge": ("which so small a file does not hold", idx(PIXELS, sizes=(2**32 - 1,) * 3)),
        "empty-huge": ("empty but for its sizes", idx(PIXELS[:0], sizes=(0, 2**32 - 1, 2**32 - 1))),
        "doubles-nan": ("sample 0 of `x` has nan", idx(np.full((8, 2, 2), np.nan, ">f8"), 14)),
        "few": ("the numbers of samples differ", idx(PIXELS[:7])),
        "turned": ("`x` is [1, 2, 2] for each sample", idx(PIXELS.reshape(8, 4, 1))),
        "gzip-cut-off": ("does not unpack", gzip.compress(good)[:-4]),
        "gzip-crc": ("does not unpack", gzip.compress(good)[:-8] + b"\0" * 8),
        "gzip-noise": ("does not unpack", b"\x1f\x8b" + bytes(range(256))),
        "gzip-trailing": ("does not unpack", gzip.compress(good) + b"x" * 50),
        "bomb": ("which so small a file does not hold", gzip.compress(idx(np.zeros((16, 1024, 1024), np.uint8)))),
        "bomb-behind": ("but more follow", gzip.compress(good + bytes(1 << 24))),
        "pickle": ("magic number", pickle.dumps(Payload())),
    }
    for name, (words, data) in files.items():
        make = both(_folder, file(f"d/{IMAGES}", data), file(f"d/{LABELS}", labels))
        says = None if words is None else f"bad-data: {words}"
        yield of_data(f"idx-{name}", says, make, "d", spec=IMAGE_NET)

    def pair(name: str, says: str, *makers: Callable[[Path], None], large: bool = False) -> Entry:
        return of_data(f"idx-{name}", f"bad-data: {says}", both(_folder, *makers), "d", spec=IMAGE_NET, large=large)

    yield pair("nothing", "has no IDX files")
    yield pair("no-labels", "1 files of train images and 0 of labels", file(f"d/{IMAGES}", good))
    yield pair("two-images", "2 files of train images", file(f"d/{IMAGES}", good), file(f"d/{IMAGES}.gz", good))
    yield pair("fifo", "is not a regular file", lambda f: os.mkfifo(f / "d" / IMAGES), file(f"d/{LABELS}", labels))
    yield pair("folder", "is not a regular file", lambda f: (f / "d" / IMAGES).mkdir(), file(f"d/{LABELS}", labels))
    bomb = lambda f: file(f"d/{IMAGES}", gzip.compress(idx(np.zeros((2047, 1024, 1024), np.uint8)), 9))(f)  # noqa: E731
    yield pair("bomb-2-gib", "", bomb, file(f"d/{LABELS}", labels), large=True)


def _folder(folder: Path) -> None:
    (folder / "d").mkdir()


# What is no file


def _places() -> Iterator[Entry]:
    def link(target: str, name: str) -> Callable[[Path], None]:
        return lambda folder: (folder / name).symlink_to(target)

    for suffix in (".npy", ".npz", ".csv", ".txt"):
        name = f"d{suffix}"
        options = ("--seq-len", "4") if suffix == ".txt" else ()
        spec = TEXT_NET if suffix == ".txt" else NET
        kinds: dict[str, tuple[str, Callable[[Path], None]]] = {
            "fifo": ("bad-data: is not a regular file", lambda folder, name=name: os.mkfifo(folder / name)),  # type: ignore[misc]
            "zero": ("bad-data: is not a regular file", link("/dev/zero", name)),
            "loop": ("missing-file: too many levels of symbolic links", link(name, name)),
            "dangling": ("missing-file: no such file", link("nowhere", name)),
            "terminal": ("bad-data: is not a regular file", link("/dev/null", name)),
            "folder": ("bad-data: has no IDX files", lambda folder, name=name: (folder / name).mkdir()),  # type: ignore[misc]
            "missing": ("missing-file: no such file", nothing),
            "secret": ("bad-data: ", link("../../secret", name)),
        }
        for kind, (says, make) in kinds.items():
            yield of_data(f"place-{kind}{suffix}", says, make, name, *options, spec=spec)
    long = "d" * 5000 + ".npy"
    yield of_data("place-long-name", "missing-file: file name too long", nothing, long, at="ddd")
    yield of_data("place-below-file", "missing-file: not a directory", nothing, "a.net/x.npy")
    yield of_data("place-no-suffix", "bad-data: is not a source of data", file("d", b""), "d")
    yield of_data("place-other-suffix", "bad-data: is not a source of data", file("d.pt", b"PK\3\4"), "d.pt")
    yield of_data("place-escape", "missing-file: no such file", nothing, "\x1b[2J.npy", at="\\x1b[2J.npy")


GROUPS = (_tables, _numbers, _bad_tables, _large_tables, _texts, _folders, _places)
ENTRIES = {found.name: found for group in GROUPS for found in group()}
