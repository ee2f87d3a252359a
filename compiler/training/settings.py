"""What a `train` block says, checked and with every default put in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ...runtime.record import Record
from ..graph.graph import Value
from ..source import Span

LossKind = Literal["cross_entropy", "nll", "mse", "mae", "bce"]
OptimizerKind = Literal["sgd", "adam", "adamw", "rmsprop", "adagrad"]


class LossCall(Record, eq=False):
    """One term of the loss, `weight` times a loss of a prediction; targets equal to `ignore` do not count."""

    kind: LossKind
    prediction: Value
    target: Value
    ignore: int | None
    weight: float
    span: Span


class Ramp(Record, eq=False):
    """A number that goes in a straight line from `start` to `end` over the first `after` epochs."""

    start: float
    end: float
    after: float


class Optimizer(Record, eq=False):
    """How parameters follow their gradients; `arguments` has every argument by name."""

    kind: OptimizerKind
    arguments: Mapping[str, float | bool | Ramp]

    def slots(self) -> tuple[str, ...]:
        """What is kept for each parameter from step to step, by PyTorch's names."""
        momentum = self.arguments.get("momentum", 0.0)
        match self.kind:
            case "sgd":
                return ("momentum_buffer",) if momentum != 0 else ()
            case "adam" | "adamw":
                return ("exp_avg", "exp_avg_sq")
            case "rmsprop":
                return ("square_avg", "momentum_buffer") if momentum != 0 else ("square_avg",)
            case "adagrad":
                return ("sum",)


class Phase(Record, eq=False):
    """A part of the schedule: a factor for the learning rate as a function of the epochs finished since its start.

    `length` is its number of epochs, None for the last phase, which goes on to the end. `arguments` are the numbers of
    its kind: `step` (factor, every), `milestones` (factor, an epoch, …), `exponential` (decay, every), `cosine`
    (floor); `constant` and `warmup` have none.
    """

    kind: Literal["constant", "step", "milestones", "exponential", "cosine", "warmup"]
    arguments: tuple[float, ...]
    length: int | None


class Rule(Record, eq=False):
    """What is different for the parameters whose name matches a pattern, in which `*` stands for anything."""

    pattern: str
    lr: float | None
    weight_decay: float | None


class Settings(Record, eq=False):
    """A `train` block. `batch` None takes all samples at once; `unroll` is the length of truncated back-propagation."""

    loss: tuple[LossCall, ...]
    optimizer: Optimizer
    schedule: tuple[Phase, ...]
    clip_norm: float | None
    batch: int | None
    epochs: int
    unroll: int | None
    seed: int
    rules: tuple[Rule, ...]
