"""Hostile weights: forged, cut off, of other networks, or leading elsewhere.

Each entry says what `netc eval` must say of them.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator
from itertools import chain

import numpy as np

from .foreign import Entry, Make, Payload, X, both, file, nothing, npy, npz, of_weights, sparse, strange
from .runs_corpus import run_files
from .safetensors import SHAPES, arrays, described, numbers, packed, patch, weights

EVAL = ("eval", "a.net", "--data", "d.npz", "--weights")


def _nested(depth: int) -> bytes:
    return b'{"a":' + b"[" * depth + b"]" * depth + b"}"


GOOD, DATA, HEADER = weights(), numbers(arrays()), described(arrays())
File = tuple[str, str | None, bytes]


def bad(words: str) -> str:
    return f"bad-checkpoint: {words}"


def _lengths() -> Iterator[File]:
    """Files of weights, and such as are too short or too long."""
    yield "good", None, GOOD
    yield (
        "doubles",
        None,
        weights({name: array.astype(np.float64) for name, array in arrays().items()}),
    )
    yield "of-a-run", None, run_files()["checkpoints/step-00000004.safetensors"]
    yield "counter-of-pytorch", None, weights({"bn.num_batches_tracked": np.array(5)})
    whole = "is not a whole safetensors file"
    yield "empty", bad(whole), b""
    yield "zeros", bad(whole), bytes(1000)
    yield "short", bad(whole), GOOD[:7]
    yield "length-alone", bad(whole), GOOD[:8]
    for place in (9, 40, len(GOOD) - len(DATA) - 1):
        yield f"cut-off-{place}", bad(whole), GOOD[:place]
    for place in (len(GOOD) - len(DATA), len(GOOD) - 5, len(GOOD) - 1):
        yield f"cut-off-{place}", bad("is cut off"), GOOD[:place]
    yield "trailing", bad("is longer than its tensors"), GOOD + b"\0"
    yield "twice-over", bad("is longer than its tensors"), GOOD + GOOD


def _headers() -> Iterator[File]:
    """Headers that are none."""
    whole = "is not a whole safetensors file"
    text = json.dumps(HEADER).encode()
    yield "header-2e63", bad(whole), packed(text, DATA, 1 << 63)
    yield "header-too-long", bad(whole), packed(text, DATA, len(text) + len(DATA) + 1)
    yield "header-too-short", bad("a header that is not JSON"), packed(text, DATA, len(text) - 1)
    yield "header-of-zeros", bad(whole), packed(bytes(64), DATA)
    yield "header-list", bad(whole), packed(b"[1,2,3]", DATA)
    yield "header-null", bad(whole), packed(b"null    ", DATA)
    yield "header-broken", bad("of brackets"), packed(b"{{{{", DATA)
    yield "header-latin-1", bad("a header that is not JSON"), packed(b'{"\xe9":1}', DATA)
    yield "header-comments", bad("a header that is not JSON"), packed(b"{/* */}", DATA)
    yield "header-twice", bad("names a tensor twice"), packed(text[:-1] + b"," + text[1:], DATA)
    yield "header-digits", bad("a header that is not JSON"), packed(b'{"a":' + b"9" * 10_000 + b"}", DATA)
    yield "header-nested", bad("of brackets"), packed(_nested(50_000), DATA)
    yield "header-nested-2", bad("a header that is not JSON"), packed(_nested(3000)[:-1] + b" " * 200_000 + b"}", DATA)
    yield "header-empty", bad("is longer than its tensors"), packed(b"{}", DATA)
    yield "no-tensors", "other-network: there is no parameter `fc1.weight` in it", packed(b"{}", b"")


def _tensors() -> Iterator[File]:
    """Headers that say something wrong of a tensor."""
    yield "null", bad("`fc1.weight` that cannot be read"), weights(change=lambda h: h.update({"fc1.weight": None}))
    yield "number", bad("`fc1.weight` that cannot be read"), weights(change=lambda h: h.update({"fc1.weight": 7}))
    for key in ("dtype", "shape", "data_offsets"):
        yield f"no-{key}", bad("`fc1.weight` that cannot be read"), weights(change=patch("fc1.weight", **{key: None}))
    yield "dtype-unknown", bad("cannot be read"), weights(change=patch("fc1.weight", dtype="F33"))
    yield "dtype-list", bad("cannot be read"), weights(change=patch("fc1.weight", dtype=["F32"]))
    for code in ("F16", "BF16", "F8_E4M3", "I32", "BOOL"):
        yield f"dtype-{code}", bad(f"`fc1.weight` of {code}"), weights(change=patch("fc1.weight", dtype=code))
    yield "dtype-wider", bad("shape does not fit its bytes"), weights(change=patch("fc1.weight", dtype="F64"))
    for name, shape in {
        "text": "43",
        "object": {},
        "floats": [4.0, 3.0],
        "truths": [True, 12],
        "negative": [-4, -3],
        "wrong": [4, 4],
        "huge": [2**62, 2**62],
        "digits": [10**400, 3],
        "rank-40": [1] * 38 + [4, 3],
        "null": [None, 3],
    }.items():
        yield f"shape-{name}", bad("shape does not fit its bytes"), weights(change=patch("fc1.weight", shape=shape))
    for name, no_pair in {"none": [], "three": [0, 24, 48], "text": "048", "object": {"0": 48}}.items():
        yield f"offsets-{name}", bad("cannot be read"), weights(change=patch("fc1.weight", data_offsets=no_pair))
    for name, offsets in {
        "negative": [-48, 0],
        "turned": [48, 0],
        "floats": [0.0, 48.0],
        "huge": [2**70, 2**70 + 48],
        "short": [0, 47],
    }.items():
        words = "is cut off" if name == "huge" else "does not fit its bytes"
        yield f"offsets-{name}", bad(words), weights(change=patch("fc1.weight", data_offsets=offsets))
    yield "overlap", bad("overlap, or gaps"), weights(change=patch("fc2.weight", data_offsets=[0, 32]))
    yield "overlap-by-1", bad("overlap, or gaps"), weights(change=patch("fc2.weight", data_offsets=[63, 95]))
    yield "gap", bad("overlap, or gaps"), weights(change=lambda h: h.pop("fc1.bias"))
    yield "gap-at-start", bad("overlap, or gaps"), weights(change=lambda h: h.pop("fc1.weight"))
    yield "all-the-same", bad("overlap, or gaps"), packed({f"w{i}": HEADER["fc1.bias"] for i in range(1000)}, DATA)


def _metadata() -> Iterator[File]:
    for name, value in {"list": [], "number": 1, "null": None, "text": "x"}.items():
        words = "metadata that are not texts by name"
        yield f"metadata-{name}", bad(words), weights(change=lambda h, value=value: h.update(__metadata__=value))  # type: ignore[misc]
    yield (
        "metadata-other",
        None,
        weights(change=lambda h: h.update(__metadata__={"format": "pt", "x": [{}], "sha256": "0"})),
    )
    for name, alphabet in {"repeated": "abca", "empty": "", "list": ["a"], "number": 7}.items():
        change = lambda h, alphabet=alphabet: h.update(__metadata__={"alphabet": alphabet})  # noqa: E731
        yield f"alphabet-{name}", bad("an alphabet that is not one"), weights(change=change)
    yield "alphabet-surrogates", None, weights(change=lambda h: h.update(__metadata__={"alphabet": "\ud800\udfff"}))


def _networks() -> Iterator[File]:
    """The weights of other networks, and numbers that are not finite."""
    other = "other-network: "
    yield (
        "missing",
        other + "there is no parameter `fc2.bias` in it",
        packed(described({name: array for name, array in arrays().items() if name != "fc2.bias"}), DATA[:-8]),
    )
    yield "one-more", other + "there is no parameter `fc3.bias` here", weights({"fc3.bias": np.ones(4, np.float32)})
    yield (
        "turned",
        other + "`fc1.weight` is [4, 3] here, [3, 4] in it",
        weights({"fc1.weight": arrays()["fc1.weight"].T.copy()}),
    )
    yield (
        "flat",
        other + "`fc1.weight` is [4, 3] here, [12] in it",
        weights({"fc1.weight": arrays()["fc1.weight"].ravel()}),
    )
    yield "name-long", other + "there is no parameter", weights({"y" * 60_000: np.ones(1, np.float32)})
    yield (
        "name-escape",
        other + "there is no parameter `\\x1b[2J\\n::error::` here",
        weights({"\x1b[2J\n::error::": np.ones(1)}),
    )
    yield "name-empty", other + "there is no parameter `` here", weights({"": np.ones(1)})
    for name, number in {"nan": np.nan, "infinite": -np.inf}.items():
        wrong = np.full((2, 4), number, np.float32)
        yield name, "not-finite: `fc2.weight` has numbers that are not finite", weights({"fc2.weight": wrong})
    yield (
        "too-large",
        "not-finite: `fc2.bias` has numbers that are not finite in float32",
        weights({"fc2.bias": np.full(2, 1e300)}),
    )


def _formats() -> Iterator[File]:
    """Files of other kinds."""
    whole = "is not a whole safetensors file"
    yield "torch-zip", bad("is an archive, such as `torch.save` makes"), npz([("w/data.pkl", pickle.dumps(Payload()))])
    yield "pickle", bad("is a pickle, which could run code"), pickle.dumps(Payload())
    yield "npy", bad("is one array of NumPy"), npy(X)
    yield "hdf5", bad("is an HDF5 file"), b"\x89HDF\r\n\x1a\n" + bytes(100)
    yield (
        "lfs",
        bad("is a pointer to a file that Git LFS keeps"),
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    )
    yield "text", bad(whole), b"hello, world" * 10
    yield "gzip", bad(whole), b"\x1f\x8b\x08\0" + bytes(range(200))


def _weights() -> Iterator[Entry]:
    for name, says, data in chain(_lengths(), _headers(), _tensors(), _metadata(), _networks(), _formats()):
        yield of_weights(
            f"weights-{name}", says, file("w.safetensors", data), *EVAL, "w.safetensors", at="w.safetensors"
        )
    for name, says, data in (
        ("zip", "bad-checkpoint: is an archive, such as `torch.save` makes", npz([("w/data.pkl", b"")])),
        ("pickle", "bad-checkpoint: is a pickle", pickle.dumps(Payload())),
    ):
        yield of_weights(f"weights-pt-{name}", says, file("w.pt", data), *EVAL, "w.pt", at="w.pt")
    objects = {**arrays(), "fc2.bias": np.array([Payload()] * 2, object)}
    archives: dict[str, tuple[str | None, bytes]] = {
        "good": (None, npz(arrays())),
        "whole": (None, npz({name: np.ones(shape, np.int64) for name, shape in SHAPES.items()})),
        "objects": ("bad-data: not plain numbers", npz(objects)),
        "missing": ("other-network: there is no parameter `fc1.weight`", npz(x=X)),
        "shape": ("other-network: `fc1.bias` is [4] here, [5] in it", npz({**arrays(), "fc1.bias": np.ones(5)})),
        "nan": ("not-finite: `fc2.bias`", npz({**arrays(), "fc2.bias": np.full(2, np.nan)})),
        "safetensors": ("bad-data: is not a whole .npz file", weights()),
    }
    for name, (says, data) in archives.items():
        yield of_weights(f"weights-npz-{name}", says, file("w.npz", data), *EVAL, "w.npz", at="w.npz")


def _places() -> Iterator[Entry]:
    """What stands in the place of a file of weights."""

    def link(target: str) -> Make:
        return lambda folder: (folder / "w.safetensors").symlink_to(target)

    kinds: dict[str, tuple[str, Make]] = {
        "fifo": ("bad-data: is not a regular file", lambda folder: os.mkfifo(folder / "w.safetensors")),
        "zero": ("bad-data: is not a regular file", link("/dev/zero")),
        "loop": ("missing-file: too many levels of symbolic links", link("w.safetensors")),
        "dangling": ("missing-file: no such file", link("nowhere")),
        "secret": ("bad-checkpoint: is not a whole safetensors file", link("../../secret")),
        "folder": ("missing-file: no such file", lambda folder: (folder / "w.safetensors").mkdir()),
        "missing": ("missing-file: no such file", nothing),
    }  # fmt: skip
    for name, (says, make) in kinds.items():
        yield of_weights(f"weights-place-{name}", says, make, *EVAL, "w.safetensors", at="w.safetensors")
    for target in ("fifo", "folder", "loop"):
        says = "bad-data: is not a regular file" if target != "loop" else "missing-file: too many levels"
        make = both(lambda folder: (folder / "run").mkdir(), strange("run/best.safetensors", target))
        yield of_weights(f"weights-best-{target}", says, make, *EVAL, "run", at="run/best.safetensors")


def _large() -> Iterator[Entry]:
    size = 5 << 30
    large = packed({"w": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}, b"")
    make = sparse("w.safetensors", len(large) + size, large)
    says = "other-network: there is no parameter `fc1.weight` in it"
    yield of_weights("weights-5-gib", says, make, *EVAL, "w.safetensors", at="w.safetensors")
    for name, says, header in (
        ("100-mb", "bad-checkpoint: a header of 100,000,000 bytes, more than", lambda: b"{" + b" " * 99_999_998 + b"}"),
        ("lists", "bad-checkpoint: of brackets", lambda: b'{"a":[' + b"[]," * 10_000_000 + b"[]]}"),
        ("objects", "bad-checkpoint: of brackets", lambda: b'{"a":[' + b'{"b":0},' * 3_000_000 + b"{}]}"),
        ("texts", "bad-checkpoint: ", lambda: b"{" + b",".join(b'"%d":"a"' % i for i in range(2_000_000)) + b"}"),
        ("numbers", "bad-checkpoint: ", lambda: b'{"a":[' + b"1234," * 6_000_000 + b"1]}"),
    ):  # fmt: skip
        build = lambda folder, header=header: file("w.safetensors", packed(header(), b""))(folder)  # noqa: E731
        yield of_weights(f"weights-header-{name}", says, build, *EVAL, "w.safetensors", at="w.safetensors", large=True)


ENTRIES = {found.name: found for group in (_weights, _places, _large) for found in group()}
