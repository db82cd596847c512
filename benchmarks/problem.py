"""The examples and the initial weights of a workload: made of NumPy alone, the same for every library."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.workloads import BatchNorm, Conv, Linear, Sigmoid, Workload, find, named


@dataclass(frozen=True)
class Job:
    """What a worker is told: which library trains what, and how."""

    library: str
    workload: str
    threads: int
    dtype: str = "float32"
    steps: int | None = None  # an epoch, instead of the workload's own number; so the batch
    batch: int | None = None
    real: bool = False  # the embedded digits, in the order in which Pellucid takes them

    def task(self) -> Workload:
        """The workload as it is run here."""
        workload = find(self.workload)
        workload = replace(workload, batch=self.batch or workload.batch)
        return replace(workload, examples=(self.steps or workload.steps) * workload.batch)


@dataclass(frozen=True)
class Problem:
    """Images (N, C, H, W) uint8, labels (N,) int64, and what the loss compares with: labels, or one-hot rows."""

    x: np.ndarray
    labels: np.ndarray
    t: np.ndarray
    weights: dict[str, np.ndarray]


def synthetic(workload: Workload, dtype: str) -> Problem:
    """Ten blurred pictures with noise upon them: easy to learn, so that no number becomes extreme."""
    rng, count = np.random.default_rng(0), workload.examples
    labels = rng.integers(workload.classes, size=count)
    pictures = rng.integers(0, 192, (workload.classes, *workload.image), dtype=np.uint8)
    x = rng.integers(0, 64, (count, *workload.image), dtype=np.uint8)
    x += pictures[labels]
    return of(workload, dtype, x, labels)


def digits(workload: Workload, dtype: str) -> Problem:
    """The embedded digits, enlarged and set into the middle of the workload's images.

    In black and white: 0 and 1 are the same in every dtype, but Pellucid takes n/255 in float32, whatever the model's.
    """
    from pellucid import data

    train, _ = data.digits()
    x = np.where(train.x > 127, 255, 0).astype(np.uint8).repeat(3, axis=2).repeat(3, axis=3)
    edges = [(size - x.shape[2]) // 2 for size in workload.image[1:]]
    x = np.pad(x, [(0, 0), (0, 0), *((edge, edge) for edge in edges)]).repeat(workload.image[0], axis=1)
    return of(workload, dtype, x[: workload.examples], train.t[: workload.examples])


def of(workload: Workload, dtype: str, x: np.ndarray, labels: np.ndarray) -> Problem:
    """The problem of these images and labels."""
    squared = workload.loss == "squared error"
    t = np.eye(workload.classes, dtype=dtype)[labels] if squared else labels
    return Problem(x, labels, t, initial_weights(workload, dtype))


def initial_weights(workload: Workload, dtype: str) -> dict[str, np.ndarray]:
    """By PyTorch's keys: weights that keep the variance, biases of 0; batch normalisation is left as it starts."""
    rng = np.random.default_rng(1)
    gain = 1.0 if any(isinstance(layer, Sigmoid) for layer in workload.layers) else math.sqrt(2)
    weights: dict[str, np.ndarray] = {}
    for key, layer in named(workload.layers):
        match layer:
            case Linear(inputs, outputs):
                shape, fan_in, bias = (outputs, inputs), inputs, True
            case Conv(inputs, outputs, kernel):
                shape, fan_in, bias = (outputs, inputs, kernel, kernel), inputs * kernel * kernel, layer.bias
            case BatchNorm(channels):
                weights[f"{key}.weight"] = np.ones(channels, dtype)
                weights[f"{key}.bias"] = np.zeros(channels, dtype)
                continue
            case _:
                continue
        weights[f"{key}.weight"] = (rng.standard_normal(shape) * gain / math.sqrt(fan_in)).astype(dtype)
        if bias:
            weights[f"{key}.bias"] = np.zeros(layer.outputs, dtype)
    return weights
