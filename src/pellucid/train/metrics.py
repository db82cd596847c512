"""Metrics: how good an output is, in a number that a person understands.

A metric for the Trainer is a function (output, t) → one number for each example, as a Tensor (N,); the Trainer
gives their mean. It is traced into the training step, so it is made of Tensor operations.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pellucid.errors import OptionError, ShapeError
from pellucid.ops.comparison import where
from pellucid.ops.indexing import take_along_axis
from pellucid.ops.reduction import argmax
from pellucid.ops.shape import reshape
from pellucid.tensor import Tensor

Metric = Callable[[Tensor, Tensor], Tensor]


def accuracy(output: Tensor, t: Tensor) -> Tensor:
    """1 where the largest output is at the label, 0 elsewhere.

    Shapes: output (N, classes), t (N,) labels → (N,)
    """
    _check("accuracy", output, t)
    return (argmax(output, 1) == t).to("float32")


def top_k(k: int) -> Metric:
    """The metric that is 1 where the label is among the k largest outputs.

    Note: a label counts as found when fewer than k outputs are larger than its own

    >>> top_k(2)(Tensor([[0.1, 0.7, 0.2]]), Tensor([2]))
    Tensor([1.], float32)
    """
    if k < 1:
        raise OptionError(f"top_k: k={k} is no number of outputs; give 1 or more")

    def metric(output: Tensor, t: Tensor) -> Tensor:
        _check(f"top_{k}", output, t)
        own = take_along_axis(output, reshape(t, (t.shape[0], 1)), 1)
        return where((output > own).to("float32").sum(1) < k, 1.0, 0.0)

    metric.__name__ = f"top_{k}"
    return metric


def _check(name: str, output: Tensor, t: Tensor) -> None:
    if output.ndim != 2 or t.shape != output.shape[:1]:
        raise ShapeError(f"{name}: needs outputs (N, classes) and labels (N,), got {output.shape} and {t.shape}")


def confusion_matrix(predicted: np.ndarray, t: np.ndarray, classes: int) -> np.ndarray:
    """How often each class was taken for each.

    Shapes: predicted (N,), t (N,) labels → (classes, classes) int64, rows are the true classes

    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 0, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    counts = np.bincount(np.asarray(t) * classes + np.asarray(predicted), minlength=classes * classes)
    return counts.reshape(classes, classes)
