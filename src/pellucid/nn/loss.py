"""Losses as Modules of (output, target). What each computes is said in `pellucid.ops.loss`.

reduction: "mean" over the batch, "sum", or "none" for each example by itself
weight:    how much each class (or, for the binary losses, each number) counts
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.errors import OptionError
from pellucid.nn import functional
from pellucid.nn.module import Module
from pellucid.tensor import Buffer, Tensor


class _Loss(Module):
    def __init__(self, reduction: str) -> None:
        if reduction not in ("mean", "sum", "none"):
            name = type(self).__name__
            raise OptionError(f"{name}: there is no reduction {reduction!r}; give 'mean', 'sum' or 'none'")
        self.reduction = reduction


class MSELoss(_Loss):
    """The squared distance, (x - t)², over the mean of all numbers."""

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction)

    def forward(self, x: Any, t: Any) -> Tensor:
        return functional.mse_loss(x, t, reduction=self.reduction)


class L1Loss(_Loss):
    """The distance, |x - t|, over the mean of all numbers."""

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction)

    def forward(self, x: Any, t: Any) -> Tensor:
        return functional.l1_loss(x, t, reduction=self.reduction)


class CrossEntropyLoss(_Loss):
    """Softmax and the negative logarithm of the right class's probability, in one: the loss of classifiers.

    t: the number of the class for each example, or the probability of each class (one-hot too)

    >>> CrossEntropyLoss()([[2.0, 0.0], [0.0, 3.0]], [0, 1])
    Tensor(0.08775769, float32)
    """

    def __init__(
        self,
        weight: Any = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.weight, self.ignore_index, self.label_smoothing = _buffer(weight), ignore_index, label_smoothing

    def forward(self, x: Any, t: Any) -> Tensor:
        return functional.cross_entropy(
            x,
            t,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(_Loss):
    """The negative of the right class's logarithm of probability, which LogSoftmax gives."""

    def __init__(self, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.weight, self.ignore_index = _buffer(weight), ignore_index

    def forward(self, x: Any, t: Any) -> Tensor:
        return functional.nll_loss(x, t, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class BCELoss(_Loss):
    """Cross-entropy of a probability x and a target between 0 and 1."""

    def __init__(self, weight: Any = None, *, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.weight = _buffer(weight)

    def forward(self, x: Any, t: Any) -> Tensor:
        return functional.binary_cross_entropy(x, t, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """BCELoss of sigmoid(x), computed without the 0 and 1 that sigmoid makes of large numbers.

    pos_weight: how much a target of 1 counts against one of 0
    """

    def __init__(self, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None) -> None:
        super().__init__(reduction)
        self.weight, self.pos_weight = _buffer(weight), _buffer(pos_weight)

    def forward(self, x: Any, t: Any) -> Tensor:
        options = {"reduction": self.reduction, "pos_weight": self.pos_weight}
        return functional.binary_cross_entropy_with_logits(x, t, self.weight, **options)


def _buffer(weight: Any) -> Buffer | None:
    """Weights become state of the Module, in floats."""
    if weight is None:
        return None
    buffer = Buffer(weight)
    return buffer if buffer.dtype.kind == "f" else Buffer(weight, np.float32)
