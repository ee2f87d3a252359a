"""netc: a compiler for networks written as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Net as Net
    from .api import load as load
    from .api import loads as loads
    from .compiler.diagnostics.diagnostic import SpecError as SpecError
    from .compiler.version import VERSION as __version__
    from .runtime.errors import RunError as RunError

__all__ = ["Net", "RunError", "SpecError", "__version__", "load", "loads"]

# Where each public name lives; it is imported when it is first asked for.
_PLACES = {
    "Net": ("api", "Net"),
    "load": ("api", "load"),
    "loads": ("api", "loads"),
    "RunError": ("runtime.errors", "RunError"),
    "SpecError": ("compiler.diagnostics.diagnostic", "SpecError"),
    "__version__": ("compiler.version", "VERSION"),
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module `netc` has no attribute `{name}`")
    from importlib import import_module

    module, attribute = _PLACES[name]
    return getattr(import_module(f".{module}", __name__), attribute)
