"""What network2 measures after each epoch, and when it stops early."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.errors import OptionError, check_whole

Matrices = tuple[np.ndarray, np.ndarray]


class Monitors:
    """The four lists of network2's SGD, one number an epoch in those that are asked for.

    training:   (x, y) as rows, y vectors
    evaluation: (x, y) as rows, y labels
    Raises:     OptionError when something is asked of evaluation data that are not there
    """

    def __init__(
        self,
        network: Any,
        lmbda: float,
        training: Matrices,
        evaluation: Matrices | None,
        *,
        dtype: Any,
        early_stopping_n: int = 0,
        **wanted: bool,
    ) -> None:
        check_whole("SGD", early_stopping_n=early_stopping_n, least=0)
        needing = [f"monitor_{name}" for name, on in wanted.items() if on and name.startswith("evaluation")]
        needing += ["early_stopping_n"] if early_stopping_n else []
        if evaluation is None and needing:
            raise OptionError(f"SGD: {needing[0]} needs evaluation data; give evaluation_data=validation_data")
        self.network, self.lmbda, self.dtype = network, lmbda, dtype
        self.training, self.evaluation, self.wanted, self.patience = training, evaluation, wanted, early_stopping_n
        self.evaluation_cost: list[float] = []
        self.evaluation_accuracy: list[int] = []
        self.training_cost: list[float] = []
        self.training_accuracy: list[int] = []
        self.best = self.since = 0  # the best accuracy, and the epochs since then
        self.stop = False

    def look(self) -> None:
        """Measure what is asked for, say it, and see whether to stop."""
        if self.wanted["training_cost"] or self.wanted["training_accuracy"]:
            x, y = self.training
            self._measure("training", x, y, y.argmax(axis=1))
        if self.evaluation is not None and (
            self.patience or self.wanted["evaluation_cost"] or self.wanted["evaluation_accuracy"]
        ):
            x, labels = self.evaluation
            right = self._measure("evaluation", x, np.eye(self.network.sizes[-1])[labels], labels)
            self.since = 0 if right > self.best else self.since + 1
            self.best = max(self.best, right)
            self.stop = 0 < self.patience <= self.since

    def _measure(self, name: str, x: np.ndarray, y: np.ndarray, labels: np.ndarray) -> int:
        a = self.network._outputs(x, self.dtype)
        right = count_right(a, labels)
        if self.wanted[f"{name}_cost"]:
            cost = self.network._cost(a, y, self.lmbda)
            getattr(self, f"{name}_cost").append(cost)
            print(f"Cost on {name} data: {cost}", flush=True)
        if self.wanted[f"{name}_accuracy"]:
            getattr(self, f"{name}_accuracy").append(right)
            print(f"Accuracy on {name} data: {right} / {len(labels)}", flush=True)
        return right


def count_right(a: np.ndarray, labels: np.ndarray) -> int:
    """How many of the outputs a (N, outputs) are largest where the label is."""
    return int(np.sum(a.argmax(axis=1) == labels))
