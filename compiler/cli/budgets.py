"""Budgets that `netc check` holds networks to: where they are exceeded, and at which sizes they hold."""

from __future__ import annotations

from collections.abc import Iterator

from ...runtime.record import Record
from ..analysis.figures import FREE, TooSmall, analyse
from ..diagnostics.diagnostic import Diagnostic, Measured
from ..graph.dims import Unbound
from ..report.summary import bound_dims, no_figure
from ..resolve.network import Network
from ..units import in_unit
from .amounts import Amount


class Budgets(Record):
    """The most of each figure, None where any is fine."""

    params: Amount | None
    macs: Amount | None
    memory: Amount | None

    def exceeded(self, network: Network) -> Iterator[Diagnostic]:
        """The figures of a network that are over their budget, and those that cannot be told."""
        title = f"{network.name} variant {network.variant}" if network.variant else network.name
        params = analyse(network.graph).totals.params
        if self.params is not None and params > self.params:
            message = f"`{title}` has {params:,} parameters, the budget is {self.params:,}"
            yield _over(network, message, "params", params, self.params)
        if self.macs is not None:
            yield from self._macs(network, title, self.macs)
        if self.memory is not None:
            yield from self._memory(network, title, self.memory)

    def _macs(self, network: Network, title: str, most: Amount) -> Iterator[Diagnostic]:
        try:
            macs = analyse(network.graph).at(network.dims).macs
        except Unbound as error:
            yield _unknown(network, f"the MACs of `{title}` depend on {error.symbol}", error.symbol)
        except TooSmall as error:
            yield no_figure(error, network)
        else:
            assert isinstance(macs, int)
            if macs > most:
                message = f"`{title}` takes {macs:,} MACs, the budget is {most:,}{_at(network)}"
                yield _over(network, message, "macs", macs, most, *self.sizes(network))

    def _memory(self, network: Network, title: str, most: Amount) -> Iterator[Diagnostic]:
        """That for training, or of a network without it for inference."""
        from ..emit.memory import needed

        try:
            memory = needed(network.graph, network.settings, FREE | dict(network.dims))
        except Unbound as error:
            yield _unknown(network, f"the memory of `{title}` depends on {error.symbol}", error.symbol)
            return
        total, what = (memory.training or memory.inference).total, "training" if memory.training else "inference"
        if total > most:
            taken = f"{total:,} bytes{in_unit(total, most.unit)}"
            message = f"{what} `{title}` takes {taken}, the budget is {most:,}{in_unit(most, most.unit)}{_at(network)}"
            yield _over(network, message, f"memory.{what}", total, most, *self.sizes(network))

    def sizes(self, network: Network) -> Iterator[str]:
        """At which sizes the budgets hold that nobody has chosen, and which ones the network is trained with."""
        free = [name for name in bound_dims(network) if name in FREE and name not in network.dims]
        batch = network.settings.batch if network.settings else None
        if self.memory is not None and "N" in free and batch not in (None, 1):
            at = f"the memory of `{network.name}` is that at N = 1, its `train` block has batch = {batch}"
            yield f"{at}: `--dim N={batch}` holds that to the budget"
        if "T" in free and (self.macs is not None or self.memory is not None):
            yield f"the figures of `{network.name}` are those at T = 1: `--dim T=…` takes longer sequences"


def _at(network: Network) -> str:
    sizes = ", ".join(f"{name} = {size:,}" for name, size in bound_dims(network).items())
    return f", at {sizes}" if sizes else ""


def _over(network: Network, message: str, figure: str, actual: int, most: int, *notes: str) -> Diagnostic:
    dims = () if figure == "params" else tuple(bound_dims(network).items())
    measured = Measured(figure, actual, "<=", int(most), dims)
    help = "make the network smaller, or the budget larger"
    return Diagnostic("budget", message, network.span, notes=notes, help=help, measured=measured)


def _unknown(network: Network, message: str, symbol: str) -> Diagnostic:
    return Diagnostic("budget", message, network.span, help=f"--dim {symbol}=…")
