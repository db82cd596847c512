"""NumPy in the manner of the book: a class for each layer, with forward and backward, and a loop."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import workloads
from benchmarks.libraries import Order, timed
from benchmarks.problem import Problem


class Affine:
    def __init__(self, w: np.ndarray, b: np.ndarray) -> None:
        self.w, self.b = w, b

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return np.dot(x, self.w) + self.b

    def backward(self, dy: np.ndarray) -> np.ndarray:
        self.dw = np.dot(self.x.T, dy)
        self.db = np.sum(dy, axis=0)
        return np.dot(dy, self.w.T)


class Relu:
    def forward(self, x: np.ndarray) -> np.ndarray:
        self.mask = x <= 0
        y = x.copy()
        y[self.mask] = 0
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        dy[self.mask] = 0
        return dy


class Sigmoid:
    def forward(self, x: np.ndarray) -> np.ndarray:
        self.y = 1 / (1 + np.exp(-x))
        return self.y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        return dy * (1.0 - self.y) * self.y


class SoftmaxWithLoss:
    def forward(self, x: np.ndarray, t: np.ndarray) -> Any:
        x = x - np.max(x, axis=1, keepdims=True)
        self.y, self.t = np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True), t
        return -np.sum(np.log(self.y[np.arange(len(t)), t] + 1e-7)) / len(t)

    def backward(self) -> np.ndarray:
        dx = self.y.copy()
        dx[np.arange(len(self.t)), self.t] -= 1
        return dx / len(self.t)


class MeanSquaredError:
    def forward(self, x: np.ndarray, t: np.ndarray) -> Any:
        self.difference = x - t
        return np.mean(self.difference**2)

    def backward(self) -> np.ndarray:
        return 2 * self.difference / self.difference.size


class Runner:
    def __init__(self, workload: workloads.Workload, problem: Problem, dtype: str, threads: int) -> None:
        assert isinstance(workload.optimizer, workloads.SGD), "`cannot` has said so"
        self.batch, self.lr, self.dtype = workload.batch, workload.optimizer.lr, dtype
        self.x, self.t = problem.x.reshape(len(problem.x), -1), problem.t
        self.layers = [
            _layer(layer, key, problem.weights)
            for key, layer in workloads.named(workload.layers)
            if not isinstance(layer, workloads.Flatten)
        ]
        self.last = SoftmaxWithLoss() if workload.loss == "cross-entropy" else MeanSquaredError()

    def epochs(self, count: int, order: Order) -> tuple[list[float], list[float]]:
        return timed(self.epoch, count, order)

    def epoch(self, order: np.ndarray) -> float:
        losses = []
        for start in range(0, len(order), self.batch):
            batch_mask = order[start : start + self.batch]
            losses.append(self.gradient(self.x[batch_mask].astype(self.dtype) / 255, self.t[batch_mask]))
            for layer in self.layers:
                if isinstance(layer, Affine):
                    layer.w -= self.lr * layer.dw
                    layer.b -= self.lr * layer.db
        return float(np.mean(losses))

    def gradient(self, x: np.ndarray, t: np.ndarray) -> float:
        """Forward and backward; gives the loss."""
        for layer in self.layers:
            x = layer.forward(x)
        loss = self.last.forward(x, t)
        dy = self.last.backward()
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return loss


def _layer(layer: workloads.Layer, key: str, weights: dict[str, np.ndarray]) -> Any:
    match layer:
        case workloads.Linear():
            return Affine(weights[f"{key}.weight"].T.copy(), weights[f"{key}.bias"].copy())
        case workloads.ReLU():
            return Relu()
        case workloads.Sigmoid():
            return Sigmoid()
    raise ValueError(f"numpy: there is no {layer} in the book")
