"""What a network of chapter 3 is trained to make small: the quadratic cost and the cross-entropy.

A cost of the reader's own is a class with the same two functions; `delta` is what training needs, and `fn` is for
the monitors. Both get the columns of one example or, one beside the other, of many.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid import ops
from pellucid.book.arrays import floats_alike, on_arrays
from pellucid.book.nielsen.functions import sigmoid_prime

LARGEST = float(np.finfo(np.float64).max)


class QuadraticCost:
    """Half of the squared distance: its slope dies where a neuron is saturated, even if it is wrong."""

    @staticmethod
    @on_arrays
    def fn(a: Any, y: Any) -> Any:
        """The cost of outputs a where y is wanted: ½ Σ (a - y)², summed over all columns.

        Shapes: a and y (outputs, m) → a number
        """
        a, y = floats_alike(a, y)
        return 0.5 * ops.reduction.sum((a - y) ** 2)

    @staticmethod
    def delta(z: Any, a: Any, y: Any) -> Any:
        """The slope of the cost by the weighted inputs z of the last layer: (a - y) σ'(z)."""
        return (a - y) * sigmoid_prime(z)


class CrossEntropyCost:
    """The cross-entropy: learning is the faster the more wrong the output is."""

    @staticmethod
    @on_arrays
    def fn(a: Any, y: Any) -> Any:
        """The cost of outputs a where y is wanted: -Σ y ln a + (1 - y) ln(1 - a), summed over all columns.

        Shapes: a and y (outputs, m) → a number
        Note:   0 ln 0 counts as 0, and the logarithm of 0 elsewhere as the largest number there is, as
                np.nan_to_num has it in the book
        """
        a, y = floats_alike(a, y)
        parts = -y * ops.elementwise.log(a) - (1.0 - y) * ops.elementwise.log(1.0 - a)
        parts = ops.comparison.where(parts == parts, parts, 0.0)  # NaN is not equal to itself
        return ops.reduction.sum(ops.comparison.where(parts > LARGEST, LARGEST, parts))

    @staticmethod
    def delta(z: Any, a: Any, y: Any) -> Any:
        """The slope of the cost by the weighted inputs z of the last layer: a - y, whatever z is."""
        return a - y


COSTS = {cost.__name__: cost for cost in (QuadraticCost, CrossEntropyCost)}
