"""What a tier needs, and where its compiled loops end."""

from __future__ import annotations

from importlib.util import find_spec

from .errors import RunError

# The multiplications of a product from which BLAS, which brings matrices to blocks of memory first, is as fast as a
# compiled loop: a loop over steps with such a product is left to NumPy.
LARGE = 1 << 26
LIBRARIES = {"numpy": (), "fast": ("numba", "scipy", "threadpoolctl")}


def require(tier: str) -> None:
    """Raises RunError when a library of the tier is missing."""
    missing = [name for name in LIBRARIES[tier] if find_spec(name) is None]
    if missing:
        raise RunError(
            "missing-extra",
            f"the tier `{tier}` needs {' and '.join(missing)}",
            help="install the extra: `pip install 'netc[fast]'`",
            exit=2,
        )
