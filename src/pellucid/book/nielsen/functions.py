"""The small functions of Nielsen's programs: the sigmoid, its slope, and a digit as a vector (chapter 1)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid import ops
from pellucid.book.nielsen.arrays import on_arrays
from pellucid.errors import RangeError


@on_arrays
def sigmoid(z: Any) -> Any:
    """The output of a sigmoid neuron with weighted input z.

    Math: 1 / (1 + e⁻ᶻ)

    >>> sigmoid(np.array([0.0, -1000.0]))
    array([0.5, 0. ])
    """
    return ops.elementwise.sigmoid(z)


@on_arrays
def sigmoid_prime(z: Any) -> Any:
    """The slope of the sigmoid at z.

    Math: σ(z) (1 - σ(z))

    >>> sigmoid_prime(np.array([0.0]))
    array([0.25])
    """
    a = ops.elementwise.sigmoid(z)
    return a * (1.0 - a)


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
