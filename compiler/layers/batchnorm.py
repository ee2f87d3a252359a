"""The layer `batchnorm`."""

from __future__ import annotations

from ..graph.arguments import Flag, Probability, Real
from ..graph.builder import Builder
from ..graph.graph import Value
from ..graph.images import want_float
from ..graph.initial import ONES, ZEROS
from ..graph.layer import Layer
from ..graph.op import OpError
from ..ops.norm import BatchNorm


class BatchNormLayer(Layer):
    """Each channel brought to mean 0 and variance 1, then scaled and shifted.

    In training by the batch's mean and biased variance, at inference by the running statistics: after each step
    running = decay · running + (1 − decay) · batch, with the unbiased variance. `decay` is the part that is kept (1 −
    PyTorch's momentum), `eps` is added to the variance, `scale` and `shift` say whether there is a trained factor and
    shift. Weights: `weight` and `bias`; buffers: `running_mean` and `running_var`, each (channels).

    Shapes: [N, channels, …] or [N, T, channels, height, width] → the same.
    Parameters: 2 × channels, with 2 × channels buffers. MACs: none. FLOPs: 2 per element at inference.
    Source: Ioffe and Szegedy 2015, "Batch normalization".
    Example: `conv(64, 3, bias = no) -> batchnorm -> relu`
    """

    decay: Probability = 0.9
    eps: Real = 1e-5
    scale: Flag = True
    shift: Flag = True

    def check(self) -> None:
        if not 0 < self.eps < 1:
            message = f"`eps` of `batchnorm` is a small number above 0, not {self.eps}"
            raise OpError("bad-argument", message, argument="eps", help="write `1e-5`")

    def build(self, b: Builder, ins: tuple[Value, ...]) -> Value:
        (x,) = ins
        want_float(x.type)
        if x.type.rank not in (2, 3, 4, 5):
            raise OpError(
                "shape-mismatch",
                f"`batchnorm` reads [N, channels, …], the input is {x.type}",
                operand=0,
                help="bring it to [N, channels, …] with `reshape` or `transpose`",
            )
        axis = 2 if x.type.rank == 5 else 1
        channels = {"channels": x.type.shape[axis]}
        # In the order of PyTorch's state_dict.
        factors = [b.param("weight", channels, ONES)] if self.scale else []
        if self.shift:
            factors.append(b.param("bias", channels, ZEROS))
        statistics = (b.buffer("running_mean", channels, ZEROS), b.buffer("running_var", channels, ONES))
        return b(BatchNorm(axis, self.decay, self.eps, self.scale, self.shift), x, *statistics, *factors)
