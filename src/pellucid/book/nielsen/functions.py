"""The small functions of Nielsen's programs: the sigmoid, its slope, and a digit as a vector (chapter 1)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.book.functions import sigmoid, sigmoid_grad
from pellucid.errors import RangeError

__all__ = ["sigmoid", "sigmoid_prime", "vectorized_result"]


def sigmoid_prime(z: Any) -> Any:
    """The slope of the sigmoid at z.

    Math: σ(z) (1 - σ(z))

    >>> sigmoid_prime(np.array([0.0]))
    array([0.25])
    """
    return sigmoid_grad(z)


def vectorized_result(j: Any) -> np.ndarray:
    """What the network is to put out for the digit j: 1.0 in place j, 0.0 elsewhere.

    Shapes: j a whole number 0..9 → (10, 1)
    Raises: RangeError for what is no digit

    >>> vectorized_result(5).ravel()
    array([0., 0., 0., 0., 0., 1., 0., 0., 0., 0.])
    """
    if np.ndim(j) or j not in range(10):
        raise RangeError(f"vectorized_result: {j!r} is no digit; give one of 0..9")
    e = np.zeros((10, 1))
    e[int(j)] = 1.0
    return e
