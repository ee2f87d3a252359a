"""The Python interface: what the command line does, as functions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .compiler.analysis.figures import TooSmall, analyse
from .compiler.diagnostics.diagnostic import Diagnostic, SpecError
from .compiler.driver import Request, compile_spec
from .compiler.graph.dims import Unbound
from .compiler.graph.tensor import FLOAT_TYPES
from .compiler.graph.tiers import Tier, chosen
from .compiler.reading import ReadError
from .compiler.report.summary import Summary, no_figure, summarise, symbols
from .compiler.resolve.network import Network
from .runtime.record import replace

if TYPE_CHECKING:
    import onnx

    from .runtime.trainer import Trainer


class Net:
    """A network that has been read and checked, and the tier of its programs."""

    def __init__(self, network: Network, tier: Tier = "numpy") -> None:
        self.network = network
        self.tier = tier

    def analyze(self, **dims: int) -> Summary:
        """Its figures with these symbolic dimensions, N and T being 1 unless given: `net.analyze(N=32).totals.params`.

        Raises SpecError when there is no such dimension, one is too small for a layer, or another has no value.
        """
        self._check(dims)
        network = replace(self.network, dims=dict(self.network.dims) | dims)
        try:
            return summarise(network, tier=self.tier)
        except (Unbound, TooSmall) as error:
            raise SpecError((no_figure(error, network),)) from None

    def trainer(
        self, *, dtype: str | None = None, seed: int | None = None, memory_budget: int | None = None, **dims: int
    ) -> Trainer:
        """The program of this network on an arena of its own, ready to predict and train on up to `N` samples.

        `N` is by default the batch of the `train` block, other symbolic dimensions need their largest number. `dtype`
        is float32 or float64, by default the network's own; `seed` that of the `train` block. With a
        `memory_budget` in bytes the backward pass makes values again, so that the arena is within it; no result
        changes. Raises SpecError, and RunError when nothing is within the budget or a library of the tier is missing.
        """
        from .compiler.emit.plans import OverBudget
        from .compiler.emit.program import program
        from .runtime.errors import RunError
        from .runtime.trainer import Trainer

        self._check(dims)
        settings = self.network.settings
        batch = (settings.batch or 1) if settings else 1
        if dtype is not None and dtype not in FLOAT_TYPES:
            raise ValueError(f"dtype is float32 or float64, not {dtype!r}")
        try:
            sizes = {"N": batch} | dict(self.network.dims) | dims
            network, float_type = self.network, FLOAT_TYPES[dtype] if dtype else None
            made = program(
                network.name,
                network.graph,
                network.settings,
                sizes,
                float_type,
                budget=memory_budget,
                tier=self.tier,
            )
        except OverBudget as error:
            raise RunError("over-budget", str(error), error.help) from None
        except (Unbound, TooSmall) as error:
            raise SpecError((no_figure(error, self.network),)) from None
        return Trainer(made, settings.seed if seed is None and settings else seed or 0)

    def to_onnx(
        self, weights: Mapping[str, Any] | None = None, *, opset: int = 17, fold: bool = True, verify: bool = True
    ) -> onnx.ModelProto:
        """The ONNX model of this network with these weights, by the names of its checkpoint, or with fresh ones.

        Raises SpecError for a layer that the opset cannot say; RunError for an opset that is not known, for weights
        that do not fit, are not finite or above 1.5 GB, and where onnxruntime and the NumPy program differ (`verify`).
        `fold` makes batch norms part of convolutions.
        """
        from .compiler.export.export import export
        from .compiler.export.nodes import NotExportable

        try:
            made: onnx.ModelProto = export(self.network, weights, opset=opset, folded=fold, verified=verify).proto
        except NotExportable as error:
            raise SpecError((Diagnostic("not-exportable", error.message, error.span, help=error.help),)) from None
        return made

    def _check(self, dims: Mapping[str, int]) -> None:
        known = symbols(self.network)
        for name, value in dims.items():
            whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            if name in known and whole:
                continue
            message = (
                f"{name} is a whole number from 1 up, not {value!r}"
                if name in known
                else f"the net `{self.network.name}` has no dimension `{name}`"
            )
            help = f"its symbolic dimensions are {', '.join(known) or 'none'}"
            raise SpecError((Diagnostic("unknown-setting", message, self.network.span, help=help),))

    def __repr__(self) -> str:
        return f"<netc.Net {self.network.name}: {analyse(self.network.graph).totals.params:,} parameters>"


def load(
    spec: str | os.PathLike[str],
    *,
    net: str | None = None,
    set: Mapping[str, object] | None = None,
    variant: str | None = None,
    dims: Mapping[str, int] | None = None,
    tier: str = "numpy",
) -> Net:
    """The network of a spec: a path, or the name of a bundled spec or variant. `set` gives parameters; `tier` is that
    of its programs: numpy, or fast for compiled kernels, with the extra of that name.

    Raises SpecError with all diagnostics when the spec has errors.
    """
    return _compile(Request(os.fspath(spec), None, net, variant, _texts(set or {}), dict(dims or {})), tier)


def loads(
    text: str,
    *,
    net: str | None = None,
    set: Mapping[str, object] | None = None,
    variant: str | None = None,
    dims: Mapping[str, int] | None = None,
    tier: str = "numpy",
) -> Net:
    """The network of a spec given as text, as `load` does. Raises SpecError."""
    return _compile(Request("<text>", text, net, variant, _texts(set or {}), dict(dims or {})), tier)


def _compile(request: Request, tier: str) -> Net:
    wanted = chosen(tier)
    try:
        found = compile_spec(request)
    except ReadError as error:
        raise SpecError((error.diagnostic,)) from None
    if found.failed or not found.networks:
        raise SpecError(tuple(d for d in found.diagnostics if d.severity == "error"))
    return Net(found.networks[0], wanted)


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    """Python values as the language writes them."""
    return {name: _write(value) for name, value in values.items()}


def _write(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_write(item) for item in value)}]"
    return str(value)
