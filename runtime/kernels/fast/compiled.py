"""How kernels are compiled: once in a process, or once for all where NETC_CACHE_DIR names a folder to keep them in."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import llvmlite.binding
import numba
import numpy as np
import scipy.linalg.cython_blas  # noqa: F401 - Numba's products are SciPy's

from ...errors import RunError
from .. import lanes

Function = TypeVar("Function", bound=Callable[..., Any])


def _folder(given: str) -> Path | None:
    """The folder to keep functions in. Numba looks for a change in a function's own file alone: there is one for each
    state of all files here. Raises RunError where it cannot be written to."""
    if not given:
        return None
    files = sorted(Path(__file__).parent.glob("*.py"))
    folder = Path(given, hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:32])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        help = "name another one in `NETC_CACHE_DIR`, or leave it out"
        raise RunError("cannot-write", f"compiled kernels cannot be kept here: {reason}", help, given, 2) from None


# SciPy's BLAS has threads of its own.
lanes.look_again()
FOLDER = _folder(os.environ.get("NETC_CACHE_DIR", ""))
if FOLDER:
    numba.config.CACHE_DIR = str(FOLDER)
# A loop over many arrays is made of vector instructions too: by default LLVM gives up where more than a few pairs of
# arrays would have to be seen to be apart.
llvmlite.binding.set_option("netc", "--runtime-memory-check-threshold=4096")
# The widest vectors that there are: LLVM prefers half of them, as some processors slow down.
FEATURES = llvmlite.binding.get_host_cpu_features()
if FEATURES.get("avx512f") and not numba.config.CPU_FEATURES:
    numba.config.CPU_NAME = llvmlite.binding.get_host_cpu_name()
    numba.config.CPU_FEATURES = f"{FEATURES.flatten()},-prefer-256-bit"
# A product and a sum may be rounded once instead of twice; every order of operations stays as it is written.
OPTIONS = {"nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}


def compiled(function: Function) -> Function:
    """The function as machine code, made when it is first called with arrays of new types."""
    made: Function = numba.njit(**OPTIONS, cache=bool(FOLDER))(function)
    return made


def sums(function: Function) -> Function:
    """A function whose sums are taken in any order, as NumPy takes them too, so that vectors are added."""
    made: Function = numba.njit(**{**OPTIONS, "fastmath": {"contract", "reassoc"}}, cache=bool(FOLDER))(function)
    return made


def inlined(function: Function) -> Function:
    """A function whose text is put where it is called: handing over arrays takes longer than a short loop."""
    made: Function = numba.njit(**OPTIONS, inline="always")(function)
    return made


def compiled_text(source: str, names: Mapping[str, Any], key: object = None) -> Callable[..., None]:
    """The function `run` of generated source. It may use these names, whose meaning is told by the `repr` of `key`:
    under that and the source it is kept."""
    digest = hashlib.sha256(f"{key!r} {source}".encode()).hexdigest()[:32]
    found: dict[str, Any] = {"__name__": __name__, "np": np, **names}
    # As if it stood here: Numba keeps only functions that stand in a file.
    exec(compile(source.replace("def run(", f"def run_{digest}(", 1), __file__, "exec"), found)
    made: Callable[..., None] = numba.njit(**OPTIONS, cache=bool(FOLDER))(found[f"run_{digest}"])
    return made
