"""What a walk over the bodies of a network carries along: diagnostics, limits, inputs and targets."""

from __future__ import annotations

from collections.abc import Mapping

from ..diagnostics.collect import Collector
from ..diagnostics.diagnostic import Diagnostic, Label, Measured
from ..graph.builder import Builder
from ..graph.op import OpError
from ..limits import Limits
from ..source import Span
from ..syntax import tree
from .elsewhere import TARGETS, plain
from .frame import Frame
from .program import bundled
from .values import UNKNOWN, Tensor, Unknown, size_of

# How many uses of blocks a diagnostic shows; in a longer chain the outermost stands behind the innermost ones.
SHOWN_USES = 6


ITEMS_PER_STEP = 100


class Stop(Exception):
    """A limit was reached and reported; the network is not resolved any further."""


class Walk:
    """One walk over a network.

    `broken` holds the places that the check of names reported: they are unknown here, without another word.
    `fixed` are symbolic dimensions that are put in as numbers, `cells` the places where cells are used.
    """

    def __init__(
        self,
        builder: Builder,
        collector: Collector,
        broken: set[Span],
        fixed: Mapping[str, int],
        limits: Limits,
    ) -> None:
        self.builder = builder
        self.collector = collector
        self.broken = broken
        self.fixed = fixed
        self.limits = limits
        self.symbols: set[str] = set()
        self.only_input = True
        self.inputs: list[tuple[str, Tensor | Unknown, Span]] = []
        self.targets: list[tuple[str, Tensor | Unknown, Span]] = []
        self.cells: set[Span] = set()
        self._float_known = False
        self.steps = 0
        self._depth = 0

    def running(self, frame: Frame, span: Span) -> object:
        """The running value, `it`."""
        if frame.it is None:
            names = [name for name, _, _ in self.inputs]
            if frame.chain or len(names) == 1:
                help = "start the pipeline with a value: `name -> …`"
            elif names:
                help = f"start with an input, `{names[0]} -> …`, or with several, `({', '.join(names[:4])}) -> …`"
                help = f"{self.target_help()}; else {help}" if self.target_help() else help
            else:
                help = "declare an input first: `input x: f32[N, 3, 32, 32]`"
            self.report(frame, "no-running-value", "there is no running value to continue from here", span, help=help)
            frame.it = UNKNOWN
        return frame.it

    def target_help(self) -> str:
        """What to write for an input that seems to be there for the loss alone; nothing when there is none."""
        for name, tensor, _ in self.inputs if not self.targets else ():
            if isinstance(tensor, Tensor) and plain(name) in TARGETS:
                type = tensor.value.type
                return f"what the loss alone reads is a target: write `target {name}: {type}`, not `input`"
        return ""

    def report(
        self,
        frame: Frame,
        code: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        labels: tuple[Label, ...] = (),
        notes: tuple[str, ...] = (),
        help: str = "",
        measured: Measured | None = None,
    ) -> None:
        """Report a mistake, with the chain of block uses that led to it."""
        chain = frame.chain[::-1]
        if len(chain) > SHOWN_USES:
            left_out = len(chain) - SHOWN_USES
            notes = (*notes, f"{left_out} more uses of blocks lie between the last two places above")
            chain = (*chain[: SHOWN_USES - 1], chain[-1])
        uses = tuple(Label(use, f"in this use of a {'cell' if use in self.cells else 'block'}") for use in chain)
        if bundled(span) and not all(bundled(use) for use in chain):
            # What is bundled is not for users to mend: the place is where they use it.
            place = next(number for number, use in enumerate(chain) if not bundled(use))
            span, label, labels, uses = chain[place], "", (), uses[place + 1 :]
            notes = (*notes, "the equations of what is bundled are shown by `netc layers NAME`")
        self.collector.add(Diagnostic(code, message, span, label, (*labels, *uses), notes, help, measured=measured))

    def report_op(self, frame: Frame, error: OpError, span: Span, labels: tuple[Label, ...] = ()) -> None:
        """Report a rule of an operation that `span` breaks."""
        self.report(
            frame,
            error.code,
            error.message,
            span,
            label=error.label,
            labels=labels,
            notes=error.notes,
            help=error.help,
        )

    def port(self, statement: tree.Input | tree.Target, value: Tensor | Unknown, frame: Frame) -> None:
        """Take an input or target of the net; a net's only input is its first running value."""
        port = (statement.name.id, value, statement.name.span)
        if isinstance(statement, tree.Target):
            self.targets.append(port)
            return
        self.inputs.append(port)
        if not self._float_known and isinstance(value, Tensor) and value.value.type.dtype in ("f32", "f64"):
            self.builder.float_type = value.value.type.dtype
            self._float_known = True
        frame.inputs = frame.it = value if self.only_input else None

    # Limits

    def step(self, span: Span, frame: Frame, count: int = 1) -> None:
        """Count statements that are run, or about to be. Raises Stop over the limit."""
        self.steps += count
        if self.steps > self.limits.steps:
            self.report(
                frame,
                "limit",
                f"resolving the network takes more than {self.limits.steps:,} statements",
                span,
                help="repeat less; the limit `steps` can be raised with `--limit steps=…`",
            )
            raise Stop

    def spend(self, value: object, span: Span, frame: Frame) -> None:
        """Count the work on a list, so that a long one in a long loop is no way around the limit. Raises Stop."""
        self.step(span, frame, size_of(value) // ITEMS_PER_STEP)

    def enter(self, span: Span, frame: Frame) -> None:
        """Go one level deeper into bodies and brackets. Raises Stop over the limit."""
        self._depth += 1
        if self._depth > self.limits.nesting:
            self.report(
                frame,
                "limit",
                f"blocks, bodies and brackets are nested more than {self.limits.nesting} deep",
                span,
                help="use fewer blocks inside each other",
            )
            raise Stop

    def leave(self) -> None:
        self._depth -= 1
