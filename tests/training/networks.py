"""Small networks that are trained here and by PyTorch: spec, batch and the modules and optimizer that are the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEPS = 50
BATCH = 16


@dataclass(frozen=True)
class Case:
    """`shape` and `classes` are those of the image and the label that the spec declares."""

    spec: str
    shape: tuple[int, ...]
    classes: int

    def batches(self) -> list[tuple[NDArray[np.float64], NDArray[np.int64]]]:
        """The batches of all steps, and one more to predict from; the same everywhere."""
        rng = np.random.default_rng(0)
        return [
            (rng.normal(size=(BATCH, *self.shape)), rng.integers(self.classes, size=BATCH)) for _ in range(STEPS + 1)
        ]


IMAGE = "input image: f32[N, 3, 12, 12]; target label: i64[N]\n"
VECTOR = "input image: f32[N, 20]; target label: i64[N]\n"
CASES = {
    "mlp": Case(
        f"""net mlp {{ {VECTOR}
          fc(32) -> tanh -> fc(16) -> relu -> fc(5)
          train {{ loss = cross_entropy; optimizer = sgd(lr = 0.1, momentum = 0.9, weight_decay = 1e-3) }}
        }}""",
        (20,),
        5,
    ),
    "lenet": Case(
        f"""net lenet {{ {IMAGE}
          conv(6, 5) -> tanh -> avgpool(2) -> conv(8, 3) -> tanh -> flatten -> fc(10)
          train {{ loss = cross_entropy; optimizer = sgd(lr = 0.05, momentum = 0.9, nesterov = yes); clip_norm = 0.5 }}
        }}""",
        (3, 12, 12),
        10,
    ),
    "residual": Case(
        f"""net residual {{ {IMAGE}
          a = conv(8, 3, pad = 1, bias = no) -> batchnorm -> relu
          b = a -> conv(8, 3, pad = 1, bias = no) -> batchnorm
          a + b -> relu -> conv(16, 3, stride = 2, pad = 1, bias = no) -> batchnorm -> relu
          maxpool(3, stride = 2, pad = 1) -> global_avgpool -> flatten -> fc(4)
          train {{ loss = cross_entropy; optimizer = adam(lr = 0.01) }}
        }}""",
        (3, 12, 12),
        4,
    ),
    "branches": Case(
        f"""net branches {{ {IMAGE}
          (conv(4, 1) -> gelu, conv(6, 3, pad = 1, groups = 3) -> silu) -> concat
          maxpool(2) -> lrn(3, alpha = 0.1) -> flatten -> fc(5)
          train {{ loss = cross_entropy; optimizer = rmsprop(lr = 0.001, momentum = 0.5) }}
        }}""",
        (3, 12, 12),
        5,
    ),
    "layernorm": Case(
        f"""net layernorm {{ {VECTOR}
          fc(32) -> layernorm -> leaky_relu(0.1) -> fc(16) -> elu -> fc(5)
          train {{ loss = cross_entropy; optimizer = adamw(lr = 0.01) }}
        }}""",
        (20,),
        5,
    ),
    "transposed": Case(
        """net transposed { input image: f32[N, 3, 6, 6]; target label: i64[N]
          deconv(4, 3, stride = 2, pad = 1, output_pad = 1) -> sigmoid -> conv(2, 3, dilation = 2)
          upsample(2) -> global_maxpool -> flatten -> fc(5)
          train { loss = cross_entropy; optimizer = adagrad(lr = 0.05) }
        }""",
        (3, 6, 6),
        5,
    ),
}
