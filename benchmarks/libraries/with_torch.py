"""PyTorch, eager or compiled: tensors in memory, batches by index_select, gradients set to None.

Images and convolutions lie channels last, and the optimiser is the fused one: both are faster here (W3 to W5).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks import workloads
from benchmarks.libraries import Order, timed
from benchmarks.problem import Problem


class Residual(nn.Module):
    def __init__(self, body: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x: Any) -> Any:
        return torch.relu(self.body(x) + self.shortcut(x))


class Runner:
    def __init__(
        self, workload: workloads.Workload, problem: Problem, dtype: str, threads: int, compiled: bool = False
    ) -> None:
        torch.set_num_threads(threads)
        self.workload, self.dtype = workload, getattr(torch, dtype)
        self.x = torch.from_numpy(problem.x).contiguous(memory_format=torch.channels_last)
        self.t = torch.from_numpy(problem.t)
        model: Any = network(workload.layers)  # whose `to` has no type for a format of memory
        self.model = model.to(self.dtype, memory_format=torch.channels_last)
        weights = {key: torch.from_numpy(array) for key, array in problem.weights.items()}
        self.model.load_state_dict(weights, strict=False)
        self.loss = nn.CrossEntropyLoss() if workload.loss == "cross-entropy" else nn.MSELoss()
        self.optimizer = optimizer(workload.optimizer, self.model)
        self.forward = torch.compile(self._forward) if compiled else self._forward

    def epochs(self, count: int, order: Order) -> tuple[list[float], list[float]]:
        return timed(self.epoch, count, order)

    def epoch(self, order: np.ndarray) -> float:
        total = torch.zeros((), dtype=self.dtype)
        for rows in torch.from_numpy(order).split(self.workload.batch):
            loss = self.forward(self.x.index_select(0, rows), self.t.index_select(0, rows))
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            total += loss.detach()
        return total.item() / (len(order) // self.workload.batch)

    def _forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return self.loss(self.model(x.to(self.dtype) / 255), t)


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


def optimizer(choice: workloads.SGD | workloads.Adam, model: nn.Module) -> torch.optim.Optimizer:
    if isinstance(choice, workloads.Adam):
        return torch.optim.Adam(model.parameters(), lr=choice.lr, fused=True)
    return torch.optim.SGD(model.parameters(), lr=choice.lr, momentum=choice.momentum, fused=True)
