"""The seven networks that training is measured with: the text of each, its batch, and the random numbers it is fed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Batch = dict[str, NDArray[np.float32] | NDArray[np.int64]]

VOCAB, STEPS, UNITS = 65, 64, 128
RATE, MOMENTUM = 0.001, 0.9


@dataclass(frozen=True)
class Network:
    """`image` is the shape of one input, None where the net reads characters."""

    name: str
    title: str
    text: str
    batch: int
    image: tuple[int, ...] | None

    @property
    def dims(self) -> dict[str, int]:
        return {"N": self.batch} if self.image else {"N": self.batch, "T": STEPS}

    def batches(self, count: int) -> list[Batch]:
        """Batches of random numbers, the same in every process."""
        rng = np.random.default_rng(0)
        if self.image is None:
            shape = (self.batch, STEPS)
            return [
                {"text": rng.integers(VOCAB, size=shape), "next": rng.integers(VOCAB, size=shape)} for _ in range(count)
            ]
        return [
            {
                "image": rng.normal(size=(self.batch, *self.image)).astype(np.float32),
                "label": rng.integers(10, size=self.batch),
            }
            for _ in range(count)
        ]


TRAIN = f"train {{ loss = cross_entropy; optimizer = sgd(lr = {RATE}, momentum = {MOMENTUM}) }}"


def _images(name: str, shape: tuple[int, ...], body: str) -> str:
    sizes = ", ".join(map(str, shape))
    return f"""net {name} {{
  input image: f32[N, {sizes}]
  target label: i64[N]
{body}
  logits = fc(10)
  output logits
  {TRAIN}
}}
"""


def _characters(cell: str) -> str:
    return f"""net {cell}_language_model {{
  input text: i64[N, T]
  target next: i64[N, T]
  embed({VOCAB}, {UNITS}) -> {cell}({UNITS})
  logits = fc({VOCAB})
  output logits
  {TRAIN}
}}
"""


MLP = _images("mlp", (784,), "  fc(512) -> relu -> fc(256) -> relu")
LENET = _images(
    "lenet5",
    (1, 28, 28),
    """  conv(6, 5, pad = 2) -> tanh -> avgpool(2)
  conv(16, 5) -> tanh -> avgpool(2) -> flatten
  fc(120) -> tanh -> fc(84) -> tanh""",
)
CIFAR = _images(
    "cifar",
    (3, 32, 32),
    """  for maps in [32, 64, 128] {
    repeat 2 { conv(maps, 3, pad = 1) -> batchnorm -> relu }
    maxpool(2)
  }
  flatten
  fc(128) -> relu""",
)
RESNET = f"""block shortcut(maps, stride) {{
  if stride != 1 {{ conv(maps, 1, stride = stride, bias = no) -> batchnorm }}
}}

block basic(maps, stride) {{
  main = in -> conv(maps, 3, stride = stride, pad = 1, bias = no) -> batchnorm -> relu
    -> conv(maps, 3, pad = 1, bias = no) -> batchnorm
  main + (in -> shortcut(maps, stride)) -> relu
}}

{
    _images(
        "resnet18",
        (3, 32, 32),
        '''  conv(64, 3, pad = 1, bias = no) -> batchnorm -> relu
  for maps in [64, 128, 256, 512] { basic(maps, 1 if maps == 64 else 2) -> basic(maps, 1) }
  global_avgpool -> flatten''',
    )
}"""

NETWORKS = {
    network.name: network
    for network in (
        Network("mlp", "MLP 784-512-256-10, batch 128", MLP, 128, (784,)),
        Network("lenet5", "LeNet-5 at 28×28, batch 64", LENET, 64, (1, 28, 28)),
        Network("cifar", "VGG-like net at 32×32, batch 64", CIFAR, 64, (3, 32, 32)),
        Network("resnet18", "ResNet-18 at 32×32, batch 32", RESNET, 32, (3, 32, 32)),
        Network("elman", "Elman, T 64, batch 32", _characters("elman"), 32, None),
        Network("gru", "GRU, T 64, batch 32", _characters("gru"), 32, None),
        Network("lstm", "LSTM, T 64, batch 32", _characters("lstm"), 32, None),
    )
}
