"""Sound files of data and weights with bytes changed at random: each is read, or refused in one line."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import numpy as np
import pytest

from netc.runtime.data.contract import check
from netc.runtime.data.load import load
from netc.runtime.data.wanted import Wanted
from netc.runtime.errors import RunError
from netc.runtime.ports import Port
from netc.runtime.run.checkpoint import load_weights

from .foreign import X, Y, npy, npz
from .safetensors import weights

INPUT, TARGET = Port("x", "float32", ("N", 3)), Port("y", "int64", ("N",), 2)
ROWS = np.column_stack([X, Y]).tolist()
SOUND = {
    "x.npy": npy(X),
    "stored.npz": npz(x=X, y=Y),
    "packed.npz": npz(None, zipfile.ZIP_DEFLATED, x=X, y=Y),
    "t.csv": ("a,b,c,y\n" + "".join(f"{','.join(map(str, row))}\n" for row in ROWS)).encode(),
    "w.safetensors": weights(),
}
# What formats are made of: signs, separators, brackets, the ends of ranges.
TELLING = b"\0\1\x7f\x80\xff\n\r \"',.-+_:[]{}()0123456789"


def mutant(data: bytes, rng: random.Random) -> bytes:
    """The data with one to eight places changed, taken out, put in or overwritten by others."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        place, other = rng.randrange(len(found) + 1), rng.randrange(len(found) + 1)
        length = rng.randrange(1, 9)
        match rng.randrange(5):
            case 0:
                found[place : place + 1] = bytes([rng.randrange(256)])
            case 1:
                found[place : place + 1] = bytes([rng.choice(TELLING)])
            case 2:
                del found[place : place + length]
            case 3:
                found[place:place] = rng.randbytes(length)
            case 4:
                found[place : place + length] = found[other : other + length]
    return bytes(found)


def refusal(path: Path) -> RunError | None:
    try:
        if path.suffix == ".safetensors":
            load_weights(path)
        else:
            labels = str(path.with_name("y.npy")) if path.suffix == ".npy" else None
            wanted = Wanted((INPUT,), (TARGET,), labels=labels, target="y")
            check(load(str(path), wanted).train, (INPUT, TARGET), str(path))
    except RunError as error:
        return error
    return None


def look(name: str, seed: int, count: int, folder: Path) -> None:
    data = SOUND[name]
    (folder / "y.npy").write_bytes(npy(Y))
    path = folder / name
    path.write_bytes(data)
    assert refusal(path) is None
    rng, found = random.Random(seed), 0
    for _ in range(count):
        path.write_bytes(mutant(data, rng))
        error = refusal(path)
        if error is not None:
            found += 1
            assert error.code in ("bad-data", "bad-checkpoint")
            assert error.file.startswith(str(path))
            assert len(error.message) < 500
    assert found > count / 2


@pytest.mark.parametrize("name", SOUND)
def test_mutants(name: str, tmp_path: Path) -> None:
    look(name, 0, 300, tmp_path)


@pytest.mark.trust
@pytest.mark.parametrize("seed", range(1, 11))
@pytest.mark.parametrize("name", SOUND)
def test_more_mutants(name: str, seed: int, tmp_path: Path) -> None:
    look(name, seed, 1000, tmp_path)
