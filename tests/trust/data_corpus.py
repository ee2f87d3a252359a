"""Hostile data: files made to run code, to exhaust memory or time, to lie about themselves, and to be misread.

Each entry says what `netc train` must say of it, or what the inputs mean that it holds.
"""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from .foreign import NET, Array, Entry, X, Y, both, described, file, headed, npy, npz

GIB = 1 << 30
BYTES = X.tobytes()
STATUS = {"missing-file": 2, "no-memory": 1}


def entry(
    name: str,
    says: str | None,
    make: Callable[[Path], None],
    source: str,
    *options: str,
    at: str = "",
    spec: str = NET,
    large: bool = False,
    means: Array | None = None,
) -> Entry:
    arguments = ("train", "a.net", "--data", source, *options)
    status = 0 if says is None else STATUS.get(says.split(":")[0], 1)
    return Entry(name, says, make, arguments, at or source, status, spec, large, means)


class Payload:
    """What a pickle runs when it is read."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch pwned",)


# Bad: the words of the error, by the bytes of `x.npy`.
def _npy_files() -> Iterator[tuple[str, str | None, bytes, Array | None]]:
    def bad(words: str) -> str:
        return f"bad-data: {words}"

    yield "objects", bad("not plain numbers"), npy(np.array([Payload()] * 8, object)), None
    yield "pickle", bad("does not start with NumPy's mark"), pickle.dumps(Payload()), None
    yield "pickle-of-array", bad("does not start with NumPy's mark"), pickle.dumps(X), None
    yield "empty", bad("does not start with NumPy's mark"), b"", None
    yield "mark-alone", bad("does not start with NumPy's mark"), b"\x93NUMPY", None
    yield "npz-named-npy", bad("does not start with NumPy's mark"), npz(x=X, y=Y), None
    yield "version-9", bad("version 9.0"), headed("{}", version=b"\x09\x00"), None
    yield "version-2", None, npy(X, version=(2, 0)), X
    yield "version-3", None, npy(X, version=(3, 0)), X
    yield "header-huge", bad("a header of 4,294,967,295 bytes"), headed("{}", size=2**32 - 1, version=b"\x02\0"), None
    yield "header-past-end", bad("a header of 60,000 bytes"), headed("{}", size=60_000), None
    for name, text in {
        "call": "__import__('os').system('touch pwned')",
        "comprehension": "[x for x in (1).__class__.__base__.__subclasses__()]",
        "nested": "(" * 2000 + ")" * 2000,
        "operators": "{'descr': '<f4', 'fortran_order': False, 'shape': (4 + 4, 3)}",
        "power": "{'descr': '<f4', 'fortran_order': False, 'shape': (9**9**9,)}",
        "escape": r"{'descr': '<f4\d', 'fortran_order': False, 'shape': (8, 3)} \d",
        "called-text": "{'descr': 'a'('b'), 'fortran_order': False, 'shape': (8, 3)}",
        "compared": "{'descr': 1 is 1, 'fortran_order': False, 'shape': (8, 3)}",
        "nul": "{'descr': '<f4',\0 'fortran_order': False, 'shape': (8, 3)}",
        "unhashable": "{[1]: 2}",
        "list": "['descr', 'fortran_order', 'shape']",
        "one-too-many": "{'descr': '<f4', 'fortran_order': False, 'shape': (8, 3), 'x': 1}",
        "one-too-few": "{'descr': '<f4', 'shape': (8, 3)}",
        "lines": "{'descr': '<f4',\n\n'fortran_order': False,\n'shape'",
    }.items():
        yield f"header-{name}", bad("has a header that is not NumPy's"), headed(text, BYTES), None
    for name, shape in {
        "negative": "(-8, -3)",
        "float": "(8.0, 3)",
        "true": "(True, 24)",
        "text": "'8'",
        "list": "[8, 3]",
        "number": "8",
        "2e63": f"({2**63}, 3)",
        "digits": f"({'9' * 3900},)",
        "rank-33": f"({'1, ' * 33})",
        "none": "None",
        "nested": "((8, 3),)",
    }.items():
        yield f"shape-{name}", bad("has a header with no shape"), described(shape, BYTES), None
    for name, shape, words in (
        ("one-more", "(9, 3)", "108 bytes, but 96 follow its header"),
        ("one-less", "(7, 3)", "84 bytes, but 96 follow its header"),
        ("huge", f"({2**40}, {2**20})", "but 96 follow its header"),
        ("huge-product", f"({2**62}, {2**62})", "but 96 follow its header"),
        ("empty-and-huge", f"(0, {2**62}, 8)", "but 96 follow its header"),
    ):
        yield f"shape-{name}", bad(words), described(shape, BYTES), None
    yield "shape-nothing", bad("the numbers of samples differ: `x` 0, `y` 8"), described("(0, 3)"), None
    twice = headed("{'descr': '<f8', 'descr': '<f4', 'fortran_order': False, 'shape': (8, 3)}", BYTES)
    yield "header-twice", None, twice, X
    yield "shape-nothing-huge", bad("empty but for its sizes"), described(f"(0, {2**62}, 8)"), None
    yield "shape-none", bad("is a single number"), described("()", BYTES[:4]), None
    yield "shape-flat", bad("is [3] for each sample, the data are []"), described("(8,)", BYTES[:32]), None
    yield "shape-wide", bad("is [3] for each sample, the data are [4]"), described("(8, 4)", BYTES + BYTES[:32]), None
    yield "shape-deep", bad("is [3] for each sample, the data are [1, 3]"), described("(8, 1, 3)", BYTES), None
    yield "order-a-number", bad("has a header with no shape"), described("(8, 3)", BYTES, fortran="0"), None
    for name, descr in {
        "objects": "'|O'",
        "object-8": "'O8'",
        "structure": "[('a', '<f4'), ('b', '<f4')]",
        "structure-deep": "[('a', [('b', '|O')])]",
        "fields": "'f4,f4'",
        "subarray": "('<f4', (3,))",
        "complex": "'<c8'",
        "text": "'<U1'",
        "bytes": "'|S4'",
        "void": "'|V4'",
        "time": "'<M8[s]'",
        "long-double": "'<f16'",
        "number": "4",
        "code": "'__import__(\\'os\\')'",
        "bells": "'\\x1b]52;c;cHduZWQ=\\x07'",
    }.items():
        yield f"type-{name}", bad("not plain numbers"), described("(8, 3)", BYTES, descr), None
    yield "type-float-1", bad("no type of numbers"), described("(8, 12)", BYTES, "'<f1'"), None
    yield "type-float-2", None, npy(X.astype(np.float16)), X
    yield "type-bool-2", None, described("(8, 3)", b"\2" * 24, "'|b1'"), np.ones((8, 3))
    yield "big-endian", None, npy(X.astype(">f4")), X
    yield "fortran", None, npy(np.asfortranarray(X)), X
    yield "doubles", None, npy(X.astype(np.float64)), X
    yield "whole", None, npy(X.astype(np.int16)), X
    for name, number in {"nan": np.nan, "infinite": np.inf, "minus-infinite": -np.inf}.items():
        wrong = X.copy()
        wrong[5, 1] = number
        yield name, bad(f"sample 5 of `x` has {number}"), npy(wrong), None
    yield "too-large", bad("sample 0 of `x` has 1e+39, beyond float32"), npy(np.full((8, 3), 1e39)), None
    # 2^24 + 1 is the first whole number that float32 does not have.
    yield "rounded", bad("sample 0 of `x` has 16777217, which float32 rounds"), npy(np.full((8, 3), 2**24 + 1)), None
    yield "not-rounded", None, npy(np.full((8, 3), 2**60)), np.full((8, 3), 2.0**60)
    yield "few", bad("the numbers of samples differ: `x` 7, `y` 8"), npy(X[:7]), None
    yield "none", bad("the numbers of samples differ: `x` 0, `y` 8"), npy(X[:0]), None
    whole = npy(X)
    for place in (5, 7, 9, 11, 60, len(whole) - 97, len(whole) - 1):
        yield f"cut-off-{place}", "bad-data: ", whole[:place], None
    yield "trailing", bad("96 bytes, but 97 follow its header"), whole + b"\0", None


_LABELS: dict[str, tuple[str | None, Array]] = {
    "2": ("sample 1 of `y` has 2, the net knows 0 to 1", np.array([0, 2, 1, 0, 1, 0, 1, 0])),
    "from-1": ("they seem to be counted from 1", Y + 1),
    "minus-1": ("sample 0 of `y` has -1", Y - 1),
    "minus-100": ("sample 0 of `y` has -100", Y - 100),
    "half": ("sample 0 of `y` has 0.5, not a whole number", Y + 0.5),
    "nan": ("sample 0 of `y` has nan", np.full(8, np.nan)),
    "infinite": ("sample 0 of `y` has inf", np.full(8, np.inf)),
    "2e63": ("sample 0 of `y` has 9223372036854775808", np.full(8, 2**63, np.uint64)),
    "1e30": ("sample 0 of `y` has 1e+30", np.full(8, 1e30)),
    "one-hot": ("`y` is [] for each sample, the data are [2]", np.eye(2)[Y]),
    "column": ("`y` is [] for each sample, the data are [1]", Y[:, None]),
    "single": ("`y` is a single number", np.array(1)),
    "few": ("the numbers of samples differ", Y[:5]),
    "whole-floats": (None, Y.astype(np.float32)),
    "bytes": (None, Y.astype(np.uint8)),
    "truths": (None, Y.astype(bool)),
}


def _arrays() -> Iterator[Entry]:
    for name, says, data, means in _npy_files():
        make = both(file("x.npy", data), file("y.npy", npy(Y)))
        yield entry(f"npy-{name}", says, make, "x.npy", "--labels", "y.npy", means=means)
    for name, (says, labels) in _LABELS.items():
        make = both(file("x.npy", npy(X)), file("y.npy", npy(labels)))
        words = says and f"bad-data: {says}"
        means = X if says is None else None
        yield entry(f"labels-{name}", words, make, "x.npy", "--labels", "y.npy", means=means)
    make = both(file("x.npy", npy(X)), file("y.npy", pickle.dumps(Payload())))
    yield entry("labels-pickle", "bad-data: NumPy's mark", make, "x.npy", "--labels", "y.npy", at="y.npy")
    yield entry("labels-none", "bad-data: has nothing for the target", file("x.npy", npy(X)), "x.npy")
    make = sparse("x.npz", 6 * GIB)
    yield entry("sparse-6-gib", "bad-data: is not a whole .npz file", make, "x.npz")
    head = described(f"({5 * GIB // 12}, 3)")
    mapped = both(sparse("x.npy", len(head) + 5 * GIB // 12 * 12, head), file("y.npy", npy(Y)))
    yield entry("mapped-5-gib", "bad-data: the numbers of samples differ", mapped, "x.npy", "--labels", "y.npy")
    few = both(sparse("x.npy", len(head) + 5 * GIB // 12 * 12 - 1, head), file("y.npy", npy(Y)))
    yield entry("mapped-5-gib-cut-off", "bad-data: follow its header", few, "x.npy", "--labels", "y.npy")
    text = sparse("d.txt", 6 * GIB)
    yield entry("text-6-gib", "bad-data: more than 4,294,967,296", text, "d.txt", "--seq-len", "4", spec=TEXT_NET)


def sparse(name: str, size: int, start: bytes = b"") -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        with (folder / name).open("wb") as out:
            out.write(start)
            out.truncate(size)

    return make


# Archives


def _patched(data: bytes, mark: bytes, place: int, value: bytes, which: int | None = None) -> bytes:
    """Archive `data` with bytes changed at `place` after each `mark`, or after the one numbered `which`."""
    parts = data.split(mark)
    for number in range(1, len(parts)):
        if which is None or number - 1 == which:
            parts[number] = parts[number][: place - 4] + value + parts[number][place - 4 + len(value) :]
    return mark.join(parts)


LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def overlapping(members: int, size: int) -> bytes:
    """An archive whose members are all the same packed numbers: small, and large unpacked (Fifield 2019)."""
    content = described(f"({size},)", descr="'|u1'") + np.random.default_rng(0).integers(0, 2, size, np.uint8).tobytes()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(content) + packer.flush()
    sizes = struct.pack("<III", zlib.crc32(content), len(packed), len(content))
    local = LOCAL + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes + struct.pack("<HH", 5, 0) + b"x.npy"
    central = b""
    for number in range(members):
        name = f"{number:x}.npy".encode()
        central += CENTRAL + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33) + sizes
        central += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
    start = len(local) + len(packed)
    end = END + struct.pack("<HHHHIIH", 0, 0, members, members, len(central), start, 0)
    return local + packed + central + end


def many(members: int) -> bytes:
    """An archive of a long list of members that are not there."""
    central = b"".join(
        CENTRAL + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 0, 0, 33, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0) + b"%08x" % number
        for number in range(members)
    )
    end64 = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, members, members, len(central), 0)
    place = b"PK\x06\x07" + struct.pack("<IQI", 0, len(central), 1)
    return central + end64 + place + END + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)


def _zipped(name: str, content: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return npz([("x.npy", npy(X)), ("y.npy", npy(Y)), (name, content)], method)


def _nested(data: bytes) -> bytes:
    for _ in range(10):
        data = npz([("x.npy", data)], zipfile.ZIP_DEFLATED)
    return data


def _archives() -> Iterator[Entry]:
    good = npz(x=X, y=Y)
    zeros = npy(np.zeros((1 << 26) // 4, np.float32))
    packed = npz(None, zipfile.ZIP_DEFLATED, x=X, y=Y)
    numbers = good.index(BYTES)
    inside = good[:numbers] + b"\xff" + good[numbers + 1 :]
    files: dict[str, tuple[str | None, bytes]] = {
        "good": (None, good),
        "packed": (None, packed),
        "prefixed": (None, b"#!/bin/sh\ntouch pwned\n" + good),
        "objects": ("not plain numbers", npz([("x.npy", npy(np.array([Payload()] * 8, object))), ("y.npy", npy(Y))])),
        "pickle": ("is not a whole .npz file", pickle.dumps(Payload())),
        "pickle-member": ("which is no array", _zipped("data.pkl", pickle.dumps(Payload()))),
        "pickle-named-npy": ("NumPy's mark", _zipped("z.npy", pickle.dumps(Payload()))),
        "npy-named-npz": ("is not a whole .npz file", npy(X)),
        "empty": ("is not a whole .npz file", b""),
        "no-members": ("has the arrays of none", END + bytes(18)),
        "other-names": ("has the arrays a, b", npz(a=X, b=Y)),
        "bomb": ("more than 200 times", npz([("x.npy", zeros), ("y.npy", npy(Y))], zipfile.ZIP_DEFLATED)),
        "bomb-aside": ("more than 200 times", _zipped("z.npy", zeros, method=zipfile.ZIP_DEFLATED)),
        "nested": ("NumPy's mark", _nested(zeros)),
        "overlapping": ("more than 200 times its own", overlapping(200, 1 << 20)),
        "many": ("has 20,000 members", many(20_000)),
        "twice": ("has two members 'x'", _zipped("x.npy", npy(X + 1))),
        "up": ("which is no array", _zipped("../x.npy", npy(X))),
        "absolute": ("which is no array", _zipped("/tmp/pwned.npy", npy(X))),
        "backslash": ("which is no array", _zipped("..\\x.npy", npy(X))),
        "escape": ("which is no array", _zipped("\x1b[2J.npy", npy(X))),
        "newline": ("which is no array", _zipped("a\n::error::b.npy", npy(X))),
        "long-name": ("which is no array", _zipped("x" * 60_000 + ".npy", npy(X))),
        "folder": ("which is no array", _zipped("x/", b"")),
        "crc": ("Bad CRC-32", inside),
        "encrypted": ("is encrypted", _patched(_patched(good, LOCAL, 6, b"\1\0"), CENTRAL, 8, b"\1\0")),
        "method-99": ("by method 99 of zip", _patched(_patched(good, LOCAL, 8, b"\x63\0"), CENTRAL, 10, b"\x63\0")),
        "bzip2": ("by method 12 of zip", npz(None, zipfile.ZIP_BZIP2, x=X, y=Y)),
        "lzma": ("by method 14 of zip", npz(None, zipfile.ZIP_LZMA, x=X, y=Y)),
        "size-4-gib": ("", _patched(good, CENTRAL, 24, b"\xfe\xff\xff\xff")),
        "size-small": ("", _patched(packed, CENTRAL, 24, b"\x01\0\0\0")),
        "packed-size-huge": (None, _patched(packed, CENTRAL, 20, b"\xfe\xff\xff\x7f")),
        "offset-past-end": ("", _patched(good, CENTRAL, 42, b"\xfe\xff\xff\x7f")),
        "directory-past-end": ("", _patched(good, END, 16, b"\xfe\xff\xff\x7f")),
        "other-name-inside": ("", _patched(good, LOCAL, 30, b"z", 0)),
        "disk-7": (None, _patched(good, END, 4, b"\7\0\7\0")),
        "deflate-noise": ("", _patched(packed, LOCAL, 35, bytes(range(255, 215, -1)), 0)),
        "comment": ("", good + END * 50),
    }
    for name, (words, data) in files.items():
        says = None if words is None else f"bad-data: {words}"
        yield entry(f"npz-{name}", says, file("d.npz", data), "d.npz", means=X if says is None else None)
    for place in (1, 30, 60, len(good) // 2, len(good) - 60, len(good) - 22, len(good) - 1):
        yield entry(f"npz-cut-off-{place}", "bad-data: is not a whole .npz file", file("d.npz", good[:place]), "d.npz")

    def later(name: str, says: str, build: Callable[[], bytes]) -> Entry:
        return entry(name, says, lambda folder: file("d.npz", build())(folder), "d.npz", large=True)

    yield later("npz-overlapping-4-gib", "bad-data: ", lambda: overlapping(64, 1 << 26))
    yield later("npz-members-2-million", "bad-data: ", lambda: many(2_000_000))
    yield later(
        "npz-bomb-1-gib",
        "bad-data: more than 200 times",
        lambda: npz([("x.npy", described(f"({GIB},)", bytes(GIB), "'|u1'"))], zipfile.ZIP_DEFLATED),
    )
    yield later("npz-bomb-gzip-190", "", _below_the_ratio)


def _below_the_ratio() -> bytes:
    """3 GiB in 17 MB: noise and zeros, so that the ratio stays below the bound."""
    part = np.random.default_rng(0).integers(0, 256, 1 << 15, np.uint8).tobytes() + bytes((190 << 15) - (1 << 15))
    size = 3 * GIB // len(part) * len(part)
    data = io.BytesIO()
    with (
        zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("x.npy", "w", force_zip64=True) as out,
    ):
        out.write(described(f"({size // 12}, 3)"[:40]))
        for _ in range(size // len(part)):
            out.write(part)
    return data.getvalue()


# Tables


def table(*lines: str) -> bytes:
    return ("\n".join(["a,b,c,y", *lines]) + "\n").encode()


def _tables() -> Iterator[Entry]:
    rows = [f"{a:g},{b:g},{c:g},{y}" for (a, b, c), y in zip(X.tolist(), Y.tolist(), strict=True)]
    text = table(*rows)
    good: dict[str, bytes] = {
        "plain": text,
        "mark": b"\xef\xbb\xbf" + text,
        "crlf": text.replace(b"\n", b"\r\n"),
        "quoted": b'"a","b","c","y"\n' + b"\n".join(b'"' + row.encode().replace(b",", b'","') + b'"' for row in rows),
        "blank-lines": text.replace(b"\n", b"\n\n"),
        "words": text.replace(b",0\n", b",cat\n").replace(b",1\n", b",dog\n"),
    }
    for name, data in good.items():
        yield entry(f"csv-{name}", None, file("d.csv", data), "d.csv", "--target", "y", means=X)
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
        data = table(rows[0], f"1,{number},3,0", *rows[2:])
        yield entry(f"csv-number-{name}", "bad-data: line 3, column `b`", file("d.csv", data), "d.csv", "--target", "y")
    for name, number in {"nan": "nan", "infinite": "-inf", "1e999": "1e999", "1e39": "1e39", "NaN": "NaN"}.items():
        data = table(rows[0], f"1,{number},3,0", *rows[2:])
        yield entry(
            f"csv-number-{name}", "bad-data: sample 1 of `x` has ", file("d.csv", data), "d.csv", "--target", "y"
        )
    wide = b",".join(b"%d" % i for i in range(100_000)) + b",y\n" + b"1," * 100_000 + b"0\n"
    bad: dict[str, tuple[str, bytes]] = {
        "empty": ("has no rows under a line of names", b""),
        "header-alone": ("has no rows under a line of names", b"a,b,c,y\n"),
        "ragged-short": ("line 3 has 3 values, the header 4", table(rows[0], "1,2,3")),
        "ragged-long": ("line 3 has 5 values, the header 4", table(rows[0], "1,2,3,4,5")),
        "semicolons": ("has 0 columns `y`", text.replace(b",", b";")),
        "tabs": ("has 0 columns `y`", text.replace(b",", b"\t")),
        "target-twice": ("has 2 columns `y`", text.replace(b"a,b,c", b"a,y,c")),
        "quote-open": ("is no table", table('1,"2,3,0', *rows)),
        "quote-late": ("is no table", table('1,"2"3,3,0', *rows)),
        "quote-in-number": ("line 2, column `b`", table('1,2"2,3,0', *rows)),
        "field-huge": ("is no table", table(f"1,{'9' * 200_000},3,0")),
        "line-in-quotes": ("line 4, column `b`", table('1,"2\n\nx",3,0')),
        "latin-1": ("is not UTF-8 text after line 0", b"a,b,c,y\n" + "1,é,3,0\n".encode("latin-1")),
        "utf-16": ("is not UTF-8 text after line 0", text.decode().encode("utf-16")),
        "gzip": ("is not UTF-8 text", gzip.compress(text)),
        "npy": ("is not UTF-8 text", npy(X)),
        "classes": ("the net knows 0 to 1", table(*rows[:-1], "1,2,3,7")),
        "class-words": ("the net knows 0 to 1", table(*rows, "1,2,3,cat", "1,2,3,dog")),
        "columns": ("is [3] for each sample, the data are [4]", b"z," + text.replace(b"\n", b"\n1,")[:-2]),
        "columns-100,000": ("for each sample, the data are", wide),
    }
    for name, (words, data) in bad.items():
        yield entry(f"csv-{name}", f"bad-data: {words}", file("d.csv", data), "d.csv", "--target", "y")
    yield entry("csv-no-target", "bad-data: does not say which column", file("d.csv", text), "d.csv")
    long_label = table(*rows, f"1,2,3,{'z' * 100_000}", *rows * 12_500)
    yield entry(
        "csv-one-long-label", "bad-data: the net knows", file("d.csv", long_label), "d.csv", "--target", "y", large=True
    )

    def big(name: str, says: str, build: Callable[[], bytes]) -> Entry:
        make = lambda folder: file("d.csv", build())(folder)  # noqa: E731
        return entry(name, f"bad-data: {says}", make, "d.csv", "--target", "y", large=True)

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
        return entry(f"txt-{name}", says, file("d.txt", data), "d.txt", *options, spec=TEXT_NET, large=large)

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
    yield entry(
        "txt-200-mb", "bad-data: and `text` takes 5",
        lambda folder: file("d.txt", b"abcdefghij" * 20_000_000)(folder),
        "d.txt", "--seq-len", "4", spec=TEXT_NET, large=True,
    )  # fmt: skip
    yield entry(
        "txt-200-mb-good", None,
        lambda folder: file("d.txt", b"abcde" * 20)(folder),
        "d.txt", "--seq-len", "4", spec=TEXT_NET, large=True,
    )  # fmt: skip


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
        yield entry(f"idx-{name}", says, make, "d", spec=IMAGE_NET)

    def pair(name: str, says: str, *makers: Callable[[Path], None], large: bool = False) -> Entry:
        return entry(f"idx-{name}", f"bad-data: {says}", both(_folder, *makers), "d", spec=IMAGE_NET, large=large)

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


def nothing(folder: Path) -> None:
    """For what is not there."""


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
            yield entry(f"place-{kind}{suffix}", says, make, name, *options, spec=spec)
    long = "d" * 5000 + ".npy"
    yield entry("place-long-name", "missing-file: file name too long", nothing, long, at="ddd")
    yield entry("place-below-file", "missing-file: not a directory", nothing, "a.net/x.npy")
    yield entry("place-no-suffix", "bad-data: is not a source of data", file("d", b""), "d")
    yield entry("place-other-suffix", "bad-data: is not a source of data", file("d.pt", b"PK\3\4"), "d.pt")
    yield entry("place-escape", "missing-file: no such file", nothing, "\x1b[2J.npy", at="\\x1b[2J.npy")


ENTRIES = {found.name: found for group in (_arrays, _archives, _tables, _texts, _folders, _places) for found in group()}
