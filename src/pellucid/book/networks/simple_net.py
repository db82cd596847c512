"""simpleNet: two inputs, three classes, one matrix; the first network that gets a gradient.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 4.4
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.book.arrays import on_arrays
from pellucid.book.functions import cross_entropy_error, softmax
from pellucid.ops.linalg import matmul

_dot = on_arrays(matmul)


class simpleNet:  # noqa: N801 - the book's spelling
    """x·W, with W (2, 3) from np.random.randn."""

    def __init__(self) -> None:
        self.W = np.random.randn(2, 3)

    def predict(self, x: Any) -> Any:
        """Shapes: x (2,) or (N, 2) → (3,) or (N, 3)"""
        return _dot(x, self.W)

    def loss(self, x: Any, t: Any) -> Any:
        """The cross-entropy of softmax(x·W) for one-hot t or labels."""
        return cross_entropy_error(softmax(self.predict(x)), t)
