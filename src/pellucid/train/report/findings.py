"""What is to be reported: the run, and what the network makes of the test data. Numbers only, no drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.train.metrics import confusion_matrix

if TYPE_CHECKING:
    from pellucid.data import ArrayDataset
    from pellucid.nn.module import Module
    from pellucid.train.history import History
    from pellucid.train.trainer import Trainer


@dataclass(frozen=True)
class Verdict:
    """How a classifier did on the test data.

    Shapes: t, predicted (N,); log_p (N, classes) natural logarithms; confusion (classes, classes), rows true;
            mistakes: positions in the test data, the one with the highest loss first
    """

    names: tuple[str, ...]
    t: np.ndarray
    predicted: np.ndarray
    log_p: np.ndarray
    confusion: np.ndarray
    mistakes: np.ndarray

    @property
    def accuracy(self) -> float:
        return 1 - len(self.mistakes) / len(self.t)

    def probability(self, example: int, label: int) -> float:
        return float(np.exp(self.log_p[example, label]))

    def confusions(self) -> list[tuple[int, int, int]]:
        """(true, predicted, how often) of every pair that was confused, the most frequent first."""
        wrong = self.confusion - np.diag(np.diag(self.confusion))
        pairs = [(int(t), int(p), int(wrong[t, p])) for t, p in np.argwhere(wrong)]
        return sorted(pairs, key=lambda pair: -pair[2])


@dataclass(frozen=True)
class Run:
    """Everything that the sections are made of. `verdict` is None when the targets are no labels."""

    model: Module
    records: Sequence[Mapping[str, Any]]
    test: ArrayDataset
    config: Mapping[str, Any]
    results: Mapping[str, float]
    verdict: Verdict | None
    dtype: np.dtype

    @property
    def title(self) -> str:
        data = str(self.config.get("data") or (self.test.name or "own data").removesuffix(" test"))
        return f"{self.config.get('model') or type(self.model).__name__} on {data}"

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """(C, H, W) when the inputs are grey or colour images."""
        shape = self.test.x.shape[1:]
        return shape if len(shape) == 3 and shape[0] in (1, 3) else None

    @property
    def parameters(self) -> int:
        return sum(parameter.size for parameter in self.model.parameters())

    @property
    def accuracy(self) -> float | None:
        """Of the metric of that name, else of the labels; None when there is neither."""
        own = self.verdict.accuracy if self.verdict else None
        return self.results.get("accuracy", own)

    def column(self, name: str) -> np.ndarray:
        """One number an epoch; not a number where there is none."""
        return np.array([record.get(name, np.nan) for record in self.records], dtype=float)

    @property
    def watched(self) -> str | None:
        """What was evaluated after each epoch: validation data, the test data itself, or nothing."""
        if not self.has("validation_loss"):
            return None
        last = self.column("validation_loss")[-1]
        return "test" if np.isclose(last, self.results["loss"], rtol=1e-5) else "validation"

    def has(self, name: str) -> bool:
        return bool(np.isfinite(self.column(name)).any())


def examine(
    model: Module,
    trainer: Trainer,
    history: History,
    test: ArrayDataset,
    config: Mapping[str, Any],
    results: Mapping[str, float] | None = None,
) -> Run:
    """Run the network over the test data and gather what there is to say."""
    results = trainer.evaluate(test) if results is None else results
    verdict = judge(trainer.predict(test.x), test, trainer.loss) if test.has_labels else None
    dtype = next((parameter.dtype for parameter in model.parameters()), np.dtype("float32"))
    return Run(model, history.records, test, config, results, verdict, dtype)


def judge(outputs: np.ndarray, test: ArrayDataset, loss: Any) -> Verdict | None:
    """The verdict on the outputs (N, classes); None when they cannot be scores of the test data's classes."""
    if outputs.ndim != 2 or outputs.shape[1] <= int(test.t.max(initial=0)):
        return None
    log_p = log_probabilities(outputs, loss)
    predicted = np.argmax(np.nan_to_num(log_p, nan=-np.inf), axis=1)
    wrong = np.flatnonzero(predicted != test.t)
    worst_first = np.argsort(np.nan_to_num(log_p[wrong, test.t[wrong]]), kind="stable")
    known = test.classes or ()
    names = (*known, *(str(i) for i in range(len(known), outputs.shape[1])))
    counts = confusion_matrix(predicted, test.t, len(names))
    return Verdict(names, test.t, predicted, log_p, counts, wrong[worst_first])


def log_probabilities(outputs: np.ndarray, loss: Any) -> np.ndarray:
    """ln of the probability of every class: the softmax of scores, the shares of outputs that lie in 0..1.

    Note: outputs in 0..1 under cross-entropy are scores that happen to lie there

    >>> np.exp(log_probabilities(np.array([[0.0, 0.0]]), None)).tolist()
    [[0.5, 0.5]]
    """
    y = outputs.astype(np.float64)
    with np.errstate(all="ignore"):
        if type(loss).__name__ != "CrossEntropyLoss" and y.min() >= 0 and y.max() <= 1 and y.sum(1).min() > 0:
            return np.log(y) - np.log(y.sum(1, keepdims=True))
        y = y - y.max(axis=1, keepdims=True)
        return y - np.log(np.exp(y).sum(axis=1, keepdims=True))
