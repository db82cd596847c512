"""The books' activations and losses, on arrays or Tensors.

Integers are computed with as float64, like everywhere in NumPy.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, chapters 3 and 4
"""

from __future__ import annotations

import math
from typing import Any

from pellucid.book.arrays import floats, floats_alike, on_arrays
from pellucid.errors import ShapeError
from pellucid.ops import activation, elementwise
from pellucid.ops.dtype import cast
from pellucid.ops.elementwise import log
from pellucid.ops.loss import nll_loss
from pellucid.ops.reduction import sum
from pellucid.ops.shape import reshape
from pellucid.tensor import Tensor

DELTA = 1e-7
"""What the book adds to a probability, so that the logarithm of 0 is a number (-16.1)."""


# ---- activations


def identity_function(x: Any) -> Any:
    """x itself: the activation of an output that may be any number."""
    return x


@on_arrays
def step_function(x: Any) -> Tensor:
    """1 where x is above 0, else 0, as integers.

    >>> step_function([-1.0, 1.0, 2.0])
    array([0, 1, 1])
    """
    return cast(x > 0, "int64")


@on_arrays
def sigmoid(x: Any) -> Tensor:
    """1 / (1 + e^-x), without overflow for large negative x.

    >>> sigmoid([-1.0, 1.0, 2.0]).round(8)
    array([0.26894142, 0.73105858, 0.88079708])
    """
    return elementwise.sigmoid(floats(x))


@on_arrays
def sigmoid_grad(x: Any) -> Tensor:
    """The slope of sigmoid at x: (1 - sigmoid(x))·sigmoid(x)."""
    y = elementwise.sigmoid(floats(x))
    return (1.0 - y) * y


@on_arrays
def relu(x: Any) -> Tensor:
    """x where it is above 0, else 0. Integers stay integers."""
    return activation.relu(x)


@on_arrays
def relu_grad(x: Any) -> Tensor:
    """1 where x is 0 or above, else 0.

    Note: at 0 itself the book has 1 here and 0 in its layer Relu; both are slopes there
    """
    return cast(x >= 0, x.dtype)


@on_arrays
def softmax(x: Any) -> Tensor:
    """A vector, or each row of a matrix, as probabilities with the sum 1. Large numbers do not overflow.

    >>> softmax([1010, 1000, 990])
    array([9.99954600e-01, 4.53978686e-05, 2.06106005e-09])
    """
    return activation.softmax(floats(x), -1)


# ---- losses


@on_arrays
def sum_squared_error(y: Any, t: Any) -> Tensor:
    """Half of the sum of the squared differences, over the whole batch.

    Math: L = ½ Σ (y - t)²
    Note: the book calls it mean_squared_error in its first editions, though nothing is divided

    >>> t = [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    >>> print(sum_squared_error([0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0], t).round(4))
    0.0975
    """
    y, t = floats_alike(y, t)
    distance = y - t
    return sum(distance * distance) * 0.5


mean_squared_error = sum_squared_error


@on_arrays
def cross_entropy_error(y: Any, t: Any) -> Tensor:
    """How improbable the right classes are: the mean over the batch of -log(y + 1e-7) at the right class.

    Math:   L = -1/N Σₙ Σₖ tₙₖ·log(yₙₖ + 1e-7)
    Shapes: y (N, C) or (C,) probabilities; t the same, one-hot, or the labels (N,) or () → ()
    Raises: ShapeError when y and t do not fit; DTypeError for labels that are no integers; RangeError for a
            label that is no class

    >>> y, t = [0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0], [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    >>> print(cross_entropy_error(y, t).round(4), cross_entropy_error(y, 2).round(4))
    0.5108 0.5108
    """
    y, t = floats(y), fitting_target("cross_entropy_error", y, t)
    logs = log(y + DELTA)
    if t.shape != y.shape:
        return nll_loss(logs, t)
    return -sum(cast(t, y.dtype) * logs) / (y.shape[0] if y.ndim == 2 else 1)


@on_arrays
def softmax_loss(X: Any, t: Any) -> Tensor:
    """cross_entropy_error of softmax(X)."""
    return cross_entropy_error(activation.softmax(floats(X), -1), t)


def fitting_target(name: str, y: Tensor, t: Tensor) -> Tensor:
    """t in y's shape if it is one-hot, or one label for each row of y.

    Note:   as in the book, what has as many numbers as y is one-hot
    Raises: ShapeError
    """
    rows = y.shape[:-1]
    if y.ndim in (1, 2) and t.size == y.size:
        return reshape(t, y.shape)
    if y.ndim in (1, 2) and t.ndim < 2 and t.size == math.prod(rows):
        return reshape(t, rows)
    wanted = f"one-hot {y.shape} or labels {rows}" if y.ndim in (1, 2) else "y as (C,) or (N, C)"
    raise ShapeError(f"{name}: y {y.shape} and t {t.shape} do not fit; give {wanted}")
