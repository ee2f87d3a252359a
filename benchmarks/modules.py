"""The networks of `networks` as modules of PyTorch, their parameters in the order of netc's."""

from __future__ import annotations

from itertools import pairwise

import torch.nn.functional as F  # noqa: N812 (PyTorch's own convention)
from torch import Tensor, nn

from .networks import UNITS, VOCAB


class Block(nn.Module):
    def __init__(self, channels: int, maps: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, maps, 3, stride, 1, bias=False), nn.BatchNorm2d(maps)
        self.conv2, self.bn2 = nn.Conv2d(maps, maps, 3, 1, 1, bias=False), nn.BatchNorm2d(maps)
        self.short = nn.Identity() if stride == 1 else _shortcut(channels, maps, stride)

    def forward(self, x: Tensor) -> Tensor:
        main = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(main + self.short(x))


class Bottleneck(nn.Module):
    def __init__(self, channels: int, maps: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, maps, 1, bias=False), nn.BatchNorm2d(maps)
        self.conv2, self.bn2 = nn.Conv2d(maps, maps, 3, stride, 1, bias=False), nn.BatchNorm2d(maps)
        self.conv3, self.bn3 = nn.Conv2d(maps, 4 * maps, 1, bias=False), nn.BatchNorm2d(4 * maps)
        self.short = nn.Identity() if channels == 4 * maps else _shortcut(channels, 4 * maps, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(self.bn3(self.conv3(y)) + self.short(x))


def resnet18() -> nn.Module:
    """ResNet-18 for 1000 classes."""
    blocks = [
        block
        for before, maps in pairwise([64, 64, 128, 256, 512])
        for block in (Block(before, maps, 1 if before == maps else 2), Block(maps, maps, 1))
    ]
    return nn.Sequential(*_stem(), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


def resnet152() -> nn.Module:
    """ResNet-152 for 1000 classes."""
    blocks: list[nn.Module] = []
    channels = 64
    for maps, count in ((64, 3), (128, 8), (256, 36), (512, 3)):
        for number in range(count):
            blocks.append(Bottleneck(channels, maps, 2 if maps > 64 and number == 0 else 1))
            channels = 4 * maps
    return nn.Sequential(*_stem(), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


def _stem() -> list[nn.Module]:
    return [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]


class Inverted(nn.Module):
    """An inverted residual of MobileNetV2."""

    def __init__(self, channels: int, maps: int, stride: int, wider: int) -> None:
        super().__init__()
        inner = channels * wider
        widen = _normal(channels, inner, 1) if wider != 1 else []
        self.main = nn.Sequential(
            *widen,
            *_normal(inner, inner, 3, stride=stride, padding=1, groups=inner),
            *_normal(inner, maps, 1)[:2],
        )
        self.added = stride == 1 and channels == maps

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.main(x)
        return x + y if self.added else y


def mobilenet_v2() -> nn.Module:
    """MobileNetV2 for 1000 classes (Sandler et al. 2018, table 2)."""
    blocks: list[nn.Module] = []
    channels = 32
    for wider, maps, count, stride in (
        *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
        *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
    ):
        for number in range(count):
            blocks.append(Inverted(channels, maps, stride if number == 0 else 1, wider))
            channels = maps
    first, last = _normal(3, 32, 3, stride=2, padding=1), _normal(320, 1280, 1)
    end = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(1280, 1000)
    return nn.Sequential(*first, *blocks, *last, *end)


def _normal(channels: int, maps: int, kernel: int, **arguments: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, maps, kernel, bias=False, **arguments), nn.BatchNorm2d(maps), nn.ReLU6()]


def _shortcut(channels: int, maps: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(channels, maps, 1, stride, bias=False), nn.BatchNorm2d(maps))


class LanguageModel(nn.Module):
    def __init__(self, cell: str) -> None:
        super().__init__()
        self.embed = nn.Embedding(VOCAB, UNITS)
        kinds = {"elman": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
        self.cell = kinds[cell](UNITS, UNITS, batch_first=True)
        self.fc = nn.Linear(UNITS, VOCAB)

    def forward(self, text: Tensor) -> Tensor:
        states, _ = self.cell(self.embed(text))
        logits: Tensor = self.fc(states)
        return logits.flatten(0, 1)


def _unit(channels: int, maps: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, maps, 3, padding=1), nn.BatchNorm2d(maps), nn.ReLU()]


def module(name: str) -> nn.Module:
    """The network of this name."""
    if name == "mlp":
        return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
    if name == "lenet5":
        return nn.Sequential(
            *(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2)),
            *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten()),
            *(nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
        )
    if name == "cifar":
        return nn.Sequential(
            *(*_unit(3, 32), *_unit(32, 32), nn.MaxPool2d(2)),
            *(*_unit(32, 64), *_unit(64, 64), nn.MaxPool2d(2)),
            *(*_unit(64, 128), *_unit(128, 128), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(2048, 128), nn.ReLU(), nn.Linear(128, 10)),
        )
    if name == "resnet18":
        widths = [64, 64, 128, 256, 512]
        blocks = [
            block
            for before, maps in pairwise(widths)
            for block in (Block(before, maps, 1 if before == maps else 2), Block(maps, maps, 1))
        ]
        stem = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU()
        return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))
    return LanguageModel(name)
