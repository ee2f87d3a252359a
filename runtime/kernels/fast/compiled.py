"""How kernels are compiled: once in a process, or once for all where NETC_CACHE_DIR names a folder to keep them in."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import llvmlite.binding
import numba
import numpy as np
import scipy.linalg.cython_blas  # noqa: F401 - Numba's products are SciPy's

from .. import lanes

Function = TypeVar("Function", bound=Callable[..., Any])

# SciPy's BLAS has threads of its own.
lanes.look_again()
FOLDER = os.environ.get("NETC_CACHE_DIR", "")
if FOLDER:
    numba.config.CACHE_DIR = FOLDER
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


def compiled_text(source: str, name: str, names: dict[str, Any]) -> Callable[..., None]:
    """A function of generated source, which may use these names; it cannot be kept in a folder."""
    found: dict[str, Any] = {"np": np, **names}
    exec(source, found)
    made: Callable[..., None] = numba.njit(**OPTIONS)(found[name])
    return made
