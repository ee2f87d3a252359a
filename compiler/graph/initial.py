"""Initialisers: how a parameter gets its first values."""

from __future__ import annotations

from ...runtime.record import Record

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


# What each is; fan in and fan out are the numbers of inputs and outputs of one unit.
TEXTS = {
    "zeros": "Zeros.",
    "ones": "Ones.",
    "constant": "One number everywhere.",
    "normal": "The normal distribution.",
    "uniform": "The uniform distribution from `low` to `high`.",
    "trunc_normal": "The normal distribution, what is more than two standard deviations off being drawn again.",
    "fan_in_uniform": "U(−1/√fan_in, 1/√fan_in), as PyTorch's convolutions and linear layers; the default.",
    "recurrent_uniform": "U(−1/√units, 1/√units), as PyTorch's recurrent layers.",
    "xavier_uniform": "Uniform, with the variance 2·gain²/(fan_in + fan_out) (Glorot and Bengio 2010).",
    "xavier_normal": "Normal, with the variance 2·gain²/(fan_in + fan_out) (Glorot and Bengio 2010).",
    "kaiming_uniform": "Uniform, with the variance 2/((1 + slope²)·fan_in) (He et al. 2015).",
    "kaiming_normal": "Normal, with the variance 2/((1 + slope²)·fan_in) (He et al. 2015).",
    "orthogonal": "An orthogonal matrix times `gain` (Saxe, McClelland and Ganguli 2014).",
}


class Initial(Record):
    """An initialiser with its arguments, in the order of INITIALS. `values`, which only layers use, lists every number
    in row-major order."""

    kind: str
    arguments: tuple[float, ...] = ()


ZEROS = Initial("zeros")
ONES = Initial("ones")
FAN_IN = Initial("fan_in_uniform")
