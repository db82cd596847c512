"""What is trained: W1 to W6, each a list of layers, a batch, a loss and an optimiser.

A network is described here once and built by every library in `libraries/`. The keys of its parameters are those of
nested PyTorch Sequentials ("0.weight", "9.body.1.bias"), so that one set of initial weights fits all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Linear:
    inputs: int
    outputs: int


@dataclass(frozen=True)
class Conv:
    inputs: int
    outputs: int
    kernel: int
    padding: int = 0
    stride: int = 1
    bias: bool = True


@dataclass(frozen=True)
class BatchNorm:
    channels: int


@dataclass(frozen=True)
class ReLU:
    pass


@dataclass(frozen=True)
class Sigmoid:
    pass


@dataclass(frozen=True)
class MaxPool:
    """The largest of each 2×2 square."""


@dataclass(frozen=True)
class Mean:
    """The mean of each channel over all positions: (N, C, H, W) → (N, C)."""


@dataclass(frozen=True)
class Flatten:
    pass


@dataclass(frozen=True)
class Residual:
    """ReLU(body(x) + shortcut(x)); an empty shortcut is x itself."""

    body: tuple[Layer, ...]
    shortcut: tuple[Layer, ...] = ()


Layer = Linear | Conv | BatchNorm | ReLU | Sigmoid | MaxPool | Mean | Flatten | Residual
Layers = tuple[Layer, ...]


@dataclass(frozen=True)
class SGD:
    lr: float
    momentum: float = 0.0


@dataclass(frozen=True)
class Adam:
    lr: float


@dataclass(frozen=True)
class Workload:
    """One line of the table. `examples` make an epoch, which is what is timed."""

    name: str
    title: str
    layers: Layers
    batch: int
    optimizer: SGD | Adam
    examples: int
    image: Shape = (1, 28, 28)
    loss: str = "cross-entropy"  # or "squared error": the mean over all numbers, against one-hot targets
    classes: int = 10

    @property
    def steps(self) -> int:
        return self.examples // self.batch


def dense(*sizes: int, activation: Layer = ReLU()) -> Layers:
    """Linear layers of these sizes with the activation between."""
    layers: list[Layer] = [Flatten()]
    for inputs, outputs in pairwise(sizes):
        layers += [Linear(inputs, outputs), activation]
    return tuple(layers[:-1])


def book_convolution() -> Layers:
    """Saitoh, chapter 7: one convolution, with 30 filters."""
    return (Conv(1, 30, 5), ReLU(), MaxPool(), *dense(30 * 12 * 12, 100, 10))


def deep_convolution() -> Layers:
    """Saitoh, chapter 8, without its dropout: 16-16-32-32-64-64 filters; the maps are 28, 14, 16 → 8, 4 pixels wide."""

    def pair(inputs: int, outputs: int, padding: int = 1) -> Layers:
        return (Conv(inputs, outputs, 3, 1), ReLU(), Conv(outputs, outputs, 3, padding), ReLU(), MaxPool())

    return (*pair(1, 16), *pair(16, 32, padding=2), *pair(32, 64), *dense(64 * 4 * 4, 50, 10))


def resnet20() -> Layers:
    """He et al., 2015, for 32×32 images; where the shape changes the shortcut is a 1×1 convolution (their option B)."""

    def block(inputs: int, outputs: int) -> Residual:
        stride = 1 if inputs == outputs else 2
        body = (
            Conv(inputs, outputs, 3, padding=1, stride=stride, bias=False),
            BatchNorm(outputs),
            ReLU(),
            Conv(outputs, outputs, 3, padding=1, bias=False),
            BatchNorm(outputs),
        )
        shortcut = (Conv(inputs, outputs, 1, stride=stride, bias=False), BatchNorm(outputs))
        return Residual(body, () if stride == 1 else shortcut)

    widths = (16, 16, 16, 16, 32, 32, 32, 64, 64, 64)
    blocks = tuple(block(inputs, outputs) for inputs, outputs in pairwise(widths))
    return (Conv(3, 16, 3, padding=1, bias=False), BatchNorm(16), ReLU(), *blocks, Mean(), Linear(64, 10))


TABLE = {
    w.name: w
    for w in (
        Workload("W1", "784-50-10, ReLU, batch 100, SGD", dense(784, 50, 10), 100, SGD(0.1), 60_000),
        Workload(
            "W2",
            "784-30-10, sigmoid, squared error, batch 10, SGD",
            (*dense(784, 30, 10, activation=Sigmoid()), Sigmoid()),
            10,
            SGD(15.0),  # Nielsen's 3.0: his cost is half the sum over the outputs, this one their mean
            60_000,
            loss="squared error",
        ),
        Workload("W3", "5×5 conv, pool, 4320-100-10, batch 100, Adam", book_convolution(), 100, Adam(0.001), 6_000),
        Workload(
            "W4",
            "six 3×3 convs, 1024-50-10, batch 100, Adam",
            deep_convolution(),
            100,
            Adam(0.001),
            2_000,
        ),
        Workload(
            "W5",
            "ResNet-20, 3×32×32, batch 128, SGD with momentum",
            resnet20(),
            128,
            SGD(0.1, momentum=0.9),
            640,
            image=(3, 32, 32),
        ),
        Workload("W6", "784-1000-1000-10, ReLU, batch 128, SGD", dense(784, 1000, 1000, 10), 128, SGD(0.01), 12_800),
    )
}


def find(name: str) -> Workload:
    """A line of the table, or by "784-50-10@64" a fully connected network and its batch.

    Raises: ValueError for anything else
    """
    if name in TABLE:
        return TABLE[name]
    if not re.fullmatch(r"784(-\d+)+-10@\d+", name):
        raise ValueError(f"workloads: there is no {name!r}; there is {', '.join(TABLE)}, or sizes such as 784-50-10@64")
    network, _, batch = name.partition("@")
    sizes = [int(size) for size in network.split("-")]
    steps = max(10, min(200, 20_000 // int(batch)))
    title = f"{network}, ReLU, batch {batch}, SGD"
    return Workload(name, title, dense(*sizes), int(batch), SGD(0.01), steps * int(batch))


def named(layers: Layers, prefix: str = "") -> Iterator[tuple[str, Layer]]:
    """Every layer with its key, those inside a Residual too."""
    for i, layer in enumerate(layers):
        if isinstance(layer, Residual):
            yield from named(layer.body, f"{prefix}{i}.body.")
            yield from named(layer.shortcut, f"{prefix}{i}.shortcut.")
        else:
            yield f"{prefix}{i}", layer
