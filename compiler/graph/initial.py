"""Initialisers: how a parameter gets its first values."""

from __future__ import annotations

from dataclasses import dataclass

# Each initialiser's arguments with their defaults; None marks one that must be given.
INITIALS: dict[str, dict[str, float | None]] = {
    "zeros": {},
    "ones": {},
    "constant": {"value": None},
    "normal": {"std": None, "mean": 0.0},
    "uniform": {"low": None, "high": None},
    "trunc_normal": {"std": None, "mean": 0.0},
    "fan_in_uniform": {},
    "recurrent_uniform": {"units": None},
    "xavier_uniform": {"gain": 1.0},
    "xavier_normal": {"gain": 1.0},
    "kaiming_uniform": {"slope": 0.0},
    "kaiming_normal": {"slope": 0.0},
    "orthogonal": {"gain": 1.0},
}


@dataclass(frozen=True, slots=True)
class Initial:
    """An initialiser with its arguments, in the order of INITIALS.

    `fan_in_uniform` is U(−1/√fan_in, 1/√fan_in), which is what PyTorch's convolutions and linear layers start from.
    `recurrent_uniform` is U(−1/√units, 1/√units), what its recurrent layers start from.
    `xavier_*`: Glorot and Bengio 2010, with the variance 2·gain²/(fan_in + fan_out). `kaiming_*`: He et al. 2015,
    with the variance 2/((1 + slope²)·fan_in). `values`, which only layers use, lists every number in row-major order.
    """

    kind: str
    arguments: tuple[float, ...] = ()


ZEROS = Initial("zeros")
ONES = Initial("ones")
FAN_IN = Initial("fan_in_uniform")
