"""Hostile arrays: .npy and .npz files made to run code, to exhaust memory, to lie about themselves, to be misread.

Each entry says what `netc train` must say of it, or what the inputs mean that it holds.
"""

from __future__ import annotations

import pickle
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np

from .foreign import Array, Entry, Payload, X, Y, both, described, file, headed, npy, npz, of_data, sparse

GIB = 1 << 30
BYTES = X.tobytes()


# A name, the words of the error, the bytes of `x.npy`, and what they mean where they are right.
File = tuple[str, str | None, bytes, Array | None]


def bad(words: str) -> str:
    return f"bad-data: {words}"


def _headers() -> Iterator[File]:
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


def _shapes() -> Iterator[File]:
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


def _types() -> Iterator[File]:
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


def _numbers() -> Iterator[File]:
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
    for name, says, data, means in chain(_headers(), _shapes(), _types(), _numbers()):
        make = both(file("x.npy", data), file("y.npy", npy(Y)))
        yield of_data(f"npy-{name}", says, make, "x.npy", "--labels", "y.npy", means=means)
    for name, (says, labels) in _LABELS.items():
        make = both(file("x.npy", npy(X)), file("y.npy", npy(labels)))
        words = says and f"bad-data: {says}"
        means = X if says is None else None
        yield of_data(f"labels-{name}", words, make, "x.npy", "--labels", "y.npy", means=means)
    make = both(file("x.npy", npy(X)), file("y.npy", pickle.dumps(Payload())))
    yield of_data("labels-pickle", "bad-data: NumPy's mark", make, "x.npy", "--labels", "y.npy", at="y.npy")
    yield of_data("labels-none", "bad-data: has nothing for the target", file("x.npy", npy(X)), "x.npy")
    make = sparse("x.npz", 6 * GIB)
    yield of_data("sparse-6-gib", "bad-data: is not a whole .npz file", make, "x.npz")
    head = described(f"({5 * GIB // 12}, 3)")
    mapped = both(sparse("x.npy", len(head) + 5 * GIB // 12 * 12, head), file("y.npy", npy(Y)))
    yield of_data("mapped-5-gib", "bad-data: the numbers of samples differ", mapped, "x.npy", "--labels", "y.npy")
    few = both(sparse("x.npy", len(head) + 5 * GIB // 12 * 12 - 1, head), file("y.npy", npy(Y)))
    yield of_data("mapped-5-gib-cut-off", "bad-data: follow its header", few, "x.npy", "--labels", "y.npy")


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
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
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
        yield of_data(f"npz-{name}", says, file("d.npz", data), "d.npz", means=X if says is None else None)
    for place in (1, 30, 60, len(good) // 2, len(good) - 60, len(good) - 22, len(good) - 1):
        yield of_data(
            f"npz-cut-off-{place}", "bad-data: is not a whole .npz file", file("d.npz", good[:place]), "d.npz"
        )


def _large_archives() -> Iterator[Entry]:
    def later(name: str, says: str, build: Callable[[], bytes]) -> Entry:
        return of_data(name, says, lambda folder: file("d.npz", build())(folder), "d.npz", large=True)

    yield later("npz-overlapping-4-gib", "bad-data: more than 200 times its own", lambda: overlapping(64, 1 << 26))
    yield later("npz-members-2-million", "bad-data: the list of its members is too long", lambda: many(2_000_000))
    yield later(
        "npz-bomb-1-gib",
        "bad-data: more than 200 times",
        lambda: npz([("x.npy", described(f"({GIB},)", bytes(GIB), "'|u1'"))], zipfile.ZIP_DEFLATED),
    )
    # Below the ratio, since something large stands before it.
    padded = "bad-data: more than 4,294,967,296"
    yield later("npz-overlapping-5-gib", padded, lambda: bytes(20 << 20) + overlapping(80, 1 << 26))


ENTRIES = {found.name: found for group in (_arrays, _archives, _large_archives) for found in group()}
