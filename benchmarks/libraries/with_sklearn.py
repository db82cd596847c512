"""scikit-learn: an MLPClassifier, one partial_fit an epoch.

Its users convert the pixels once, beforehand; that is not in its time.
"""

from __future__ import annotations

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks import workloads
from benchmarks.libraries import Order, timed
from benchmarks.problem import Problem


class Runner:
    def __init__(self, workload: workloads.Workload, problem: Problem, dtype: str, threads: int) -> None:
        assert isinstance(workload.optimizer, workloads.SGD), "`cannot` has said so"
        hidden = [layer.outputs for layer in workload.layers if isinstance(layer, workloads.Linear)][:-1]
        self.model = MLPClassifier(
            hidden,
            activation="relu",
            solver="sgd",
            alpha=0.0,
            batch_size=workload.batch,  # pyright: ignore[reportArgumentType] - "auto" or a number
            learning_rate_init=workload.optimizer.lr,
            momentum=workload.optimizer.momentum,
            nesterovs_momentum=False,
            shuffle=False,  # the order is drawn outside
        )
        self.x = problem.x.reshape(len(problem.x), -1).astype(dtype) / 255
        self.labels = problem.labels
        # The first call makes the weights; they are then replaced in place, for the optimiser holds them too.
        self.model.partial_fit(self.x[: workload.batch], self.labels[: workload.batch], classes=np.arange(10))
        keys = [key for key, layer in workloads.named(workload.layers) if isinstance(layer, workloads.Linear)]
        for key, w, b in zip(keys, self.model.coefs_, self.model.intercepts_, strict=True):
            w[...], b[...] = problem.weights[f"{key}.weight"].T, problem.weights[f"{key}.bias"]

    def epochs(self, count: int, order: Order) -> tuple[list[float], list[float]]:
        return timed(self.epoch, count, order)

    def epoch(self, order: np.ndarray) -> float:
        self.model.partial_fit(self.x[order], self.labels[order])
        return self.model.loss_
