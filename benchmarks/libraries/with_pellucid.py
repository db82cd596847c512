"""Pellucid: a Sequential, and Trainer.fit on the native engine."""

from __future__ import annotations

import time
from typing import Any

import pellucid
from benchmarks import workloads
from benchmarks.libraries import Order
from benchmarks.problem import Problem
from pellucid import nn, optim
from pellucid.data import ArrayDataset
from pellucid.train import Trainer
from pellucid.train.callbacks import Callback


class Residual(nn.Module):
    def __init__(self, body: nn.Module, shortcut: nn.Module) -> None:
        self.body, self.shortcut = body, shortcut

    def forward(self, x: Any) -> Any:
        return (self.body(x) + self.shortcut(x)).relu()


class Runner:
    def __init__(
        self, workload: workloads.Workload, problem: Problem, dtype: str, threads: int, engine: str = "native"
    ) -> None:
        pellucid.set_engine(engine)  # its number of threads: PELLUCID_THREADS
        self.workload = workload
        self.model = network(workload.layers).to(dtype)
        self.model.load_state_dict(problem.weights, strict=False)
        loss = nn.CrossEntropyLoss() if workload.loss == "cross-entropy" else nn.MSELoss()
        # No metrics: the others compute the loss alone.
        self.trainer = Trainer(self.model, loss, optimizer(workload.optimizer, self.model), metrics={})
        self.data = ArrayDataset(problem.x, problem.t)
        self.fits = 0

    def epochs(self, count: int, order: Order) -> tuple[list[float], list[float]]:
        """As `fit` goes, in an order of its own drawing: that of seed 0 in the first call, 1 in the second..."""
        stamps = Stamps()
        self.trainer.fit(
            self.data,
            epochs=count,
            batch_size=self.workload.batch,
            seed=self.fits,
            callbacks=[stamps],
            progress=False,
        )
        self.fits += 1
        return stamps.seconds, stamps.losses


class Stamps(Callback):
    """When each epoch ended, the first counted from here on."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.losses: list[float] = []
        self.last = time.perf_counter()

    def on_epoch(self, trainer: Trainer, position: Any, record: dict[str, Any]) -> None:
        now = time.perf_counter()
        self.seconds.append(now - self.last)
        self.losses.append(record["loss"])
        self.last = now


def network(layers: workloads.Layers) -> nn.Sequential:
    return nn.Sequential(*(_layer(layer) for layer in layers))


def _layer(layer: workloads.Layer) -> nn.Module:
    match layer:
        case workloads.Linear(inputs, outputs):
            return nn.Linear(inputs, outputs)
        case workloads.Conv(inputs, outputs, kernel, padding, stride, bias):
            return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding, bias=bias)
        case workloads.BatchNorm(channels):
            return nn.BatchNorm2d(channels)
        case workloads.ReLU():
            return nn.ReLU()
        case workloads.Sigmoid():
            return nn.Sigmoid()
        case workloads.MaxPool():
            return nn.MaxPool2d(2)
        case workloads.Mean():
            return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        case workloads.Flatten():
            return nn.Flatten()
        case workloads.Residual(body, shortcut):
            return Residual(network(body), network(shortcut))


def optimizer(choice: workloads.SGD | workloads.Adam, model: nn.Module) -> Any:
    if isinstance(choice, workloads.Adam):
        return optim.Adam(model.parameters(), lr=choice.lr)
    return optim.SGD(model.parameters(), lr=choice.lr, momentum=choice.momentum)
