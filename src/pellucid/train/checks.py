"""What a Trainer looks at before it starts: a mistake is told before anything is computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.data import ArrayDataset
from pellucid.errors import OptionError, RangeError
from pellucid.nn.module import Module


def as_dataset(place: str, data: Any) -> ArrayDataset:
    """A data set as it is, or the one that a pair of arrays (x, t) makes.

    Raises: OptionError for anything else; DataError when x and t do not fit together
    """
    if isinstance(data, ArrayDataset):
        return data
    if isinstance(data, tuple) and len(data) == 2:
        return ArrayDataset(*data)
    raise OptionError(f"{place}: got a {type(data).__name__} as data; give an ArrayDataset, or a pair of arrays (x, t)")


def check_optimizer(model: Module, optimizer: Any) -> None:
    """Raises: OptionError when the optimizer trains nothing of the model"""
    if not {id(w) for w in model.parameters()} & {id(w) for w in optimizer.params()}:
        raise OptionError(
            f"Trainer: {optimizer.name} has none of the model's parameters; make it with this model's parameters()"
        )


def check_loss(loss: Any) -> None:
    """Raises: OptionError for a class of losses, or a loss of something else than the mean over the examples"""
    if isinstance(loss, type):
        raise OptionError(f"Trainer: the loss is the class {loss.__name__}; give one of it, {loss.__name__}()")
    reduction = getattr(loss, "reduction", "mean")
    if reduction in ("sum", "none"):
        raise OptionError(
            f"Trainer: {type(loss).__name__} has reduction={reduction!r}, but a training step needs the mean over "
            "the examples; give reduction='mean'"
        )


def check_labels(place: str, t: np.ndarray, outputs: int, ignore_index: int) -> None:
    """Compiled code sees no values, so that labels are looked at here.

    Raises: RangeError naming the first label that is no class of a model with so many outputs
    """
    wrong = np.argwhere(((t < 0) | (t >= outputs)) & (t != ignore_index))
    if len(wrong):
        raise RangeError(
            f"{place}: label {t[tuple(wrong[0])]} of example {wrong[0][0]} is no class of a model with {outputs} "
            f"outputs (0 to {outputs - 1}); give the model an output for each class"
        )
