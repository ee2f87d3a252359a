"""The tiers of emission: which kernels a program calls."""

from __future__ import annotations

from typing import Literal

Tier = Literal["numpy", "fast"]
TIERS: tuple[Tier, ...] = ("numpy", "fast")

# The kernels that have a compiled form of the same name and arguments in `runtime/kernels/fast`.
COMPILED = frozenset(
    {
        "convolution.conv",
        "convolution.conv_weight_gradient",
        "convolution.deconv",
        "embedding.sum_rows",
        "losses.cross_entropy",
        "losses.cross_entropy_gradient",
        "losses.mean_picked",
        "losses.pick",
        "norm.batchnorm",
        "norm.batchnorm_gradient",
        "norm.normalise",
        "optimizers.sgd",
        "pooling.avg_pool",
        "pooling.avg_pool_gradient",
        "pooling.max_pool",
        "pooling.max_pool_gradient",
    }
)


def kernel(name: str, tier: Tier) -> str:
    """The kernel that a tier calls for `module.function`."""
    return f"fast.{name}" if tier == "fast" and name in COMPILED else name


def chosen(name: str) -> Tier:
    """The tier of this name. Raises ValueError."""
    for tier in TIERS:
        if tier == name:
            return tier
    raise ValueError(f"a tier is {' or '.join(TIERS)}, not {name!r}")
