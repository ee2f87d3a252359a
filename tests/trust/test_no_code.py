"""Loading data and checkpoints runs no code: a hook on the interpreter sees the files being read, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from netc.runtime.run.checkpoint import State, save, save_weights

from ..conftest import Promise
from ..run.test_checkpoint import HOSTILE as CHECKPOINTS
from ..sources.test_sources import HOSTILE as DATA
from ..sources.test_sources import IMAGES, LABELS, idx, npy, npz

# Loads all files of a folder twice: at first to import what loading needs, then under the hook. Prints what the hook
# saw, and how each file ended.
WATCH = """
import json, os, sys
from pathlib import Path
from netc.runtime.data.contract import check
from netc.runtime.data.load import load
from netc.runtime.data.wanted import Wanted
from netc.runtime.errors import RunError
from netc.runtime.ports import Port
from netc.runtime.run import checkpoint

folder, armed, seen = Path(sys.argv[1]), False, []
x, y = Port("x", "float32", ("N", 2)), Port("y", "int64", ("N",), 3)
images = Port("x", "float32", ("N", 1, 3, 4))
expected = {"model/w": ("float32", (1,))}
writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

def hook(event, arguments):
    if not armed:
        return
    reads = event == "open" and not arguments[2] & writes or event in ("os.listdir", "os.scandir")
    # How much memory is free decides whether a file is read.
    known = str(arguments[0]).startswith(str(folder)) or arguments[0] == "/proc/meminfo"
    if reads and (isinstance(arguments[0], int) or known):
        return
    # ast.literal_eval reads the header of a .npy file as a tree of literals; had that been code, `exec` would follow.
    literal = event == "compile" and arguments[1] == "<unknown>"
    if not literal and event not in HARMLESS:
        seen.append([event, *map(repr, arguments)])

# A mapped file, an array of numbers, a descriptor's file object, an array's address for a view of it, a number for a
# word of the JSON.
HARMLESS = {"mmap.__new__", "array.__new__", "object.__getattr__", "builtins.id"}

def read(path):
    if path.suffix == ".safetensors":
        checkpoint.load_weights(path)
        checkpoint.load(path, "id", expected)
        return
    steps = 5 if path.suffix == ".txt" else None
    image = images if path.is_dir() else x
    found = load(str(path), Wanted((image,), (y,), labels=str(folder / "labels.npy"), target="y", seq_len=steps))
    check(found.train, (image, y), path.name)

def ends(path):
    try:
        read(path)
    except RunError as error:
        return error.code
    return "loaded"

paths = sorted(folder.iterdir())
for path in paths:
    ends(path)
sys.addaudithook(hook)
armed = True
found = {path.name: ends(path) for path in paths}
armed = False
print(json.dumps({"seen": seen, "found": found}))
"""
GOOD = {
    "good.npz": npz(x=IMAGES, y=LABELS),
    "good.npy": npy(IMAGES),
    "labels.npy": npy(LABELS),
    "good.csv": b"a,b,y\n1,2,0\n3,4,1\n",
}


@pytest.mark.promise("P13", "files of data and weights, loaded under a hook on the interpreter", 80)
def test_loading_runs_nothing_and_reads_nothing_else(tmp_path: Path, promise: Promise) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, data in (GOOD | DATA).items():
        (folder / name).write_bytes(data)
    for name, data in CHECKPOINTS.items():
        (folder / f"{name}.safetensors").write_bytes(data)
    (folder / "idx").mkdir()
    (folder / "idx" / "train-images-idx3-ubyte").write_bytes(idx(np.zeros((2, 3, 4))))
    (folder / "idx" / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(2)))
    save_weights(folder / "good weights.safetensors", {"w": np.zeros(1, np.float32)})
    save(folder, State(1, {"model/w": np.zeros(1, np.float32)}, {"epoch": 1}), "id")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WATCH, str(folder)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    promise(len(said["found"]), len(said["seen"]))
    assert said["seen"] == []
    loaded = {name for name, end in said["found"].items() if end == "loaded"}
    assert loaded == {"good.npz", "good.npy", "good.csv", "idx", "step-00000001.safetensors"}


@pytest.mark.parametrize(
    "code",
    ["eval('1')", "armed and __import__('wave')", "open('/etc/passwd')", "open(folder / 'x', 'w')", "os.listdir('/')"],
)
def test_the_hook_sees(code: str, tmp_path: Path) -> None:
    """Were any of these run while a file is read, the test above would say so."""
    (tmp_path / "a.npz").write_bytes(b"")
    watch = WATCH.replace("def read(path):\n", f"def read(path):\n    {code}\n")
    done = subprocess.run([sys.executable, "-c", watch, str(tmp_path)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["seen"]
