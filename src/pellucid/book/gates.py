"""Gates of one perceptron each, and XOR, which takes two layers of them.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, chapter 2
"""

from __future__ import annotations

from typing import Any

import numpy as np


def AND(x1: Any, x2: Any) -> int:  # noqa: N802 - the book's name
    """1 where both inputs are 1, else 0.

    >>> [AND(0, 0), AND(1, 0), AND(0, 1), AND(1, 1)]
    [0, 0, 0, 1]
    """
    return _perceptron(x1, x2, w=(0.5, 0.5), b=-0.7)


def NAND(x1: Any, x2: Any) -> int:  # noqa: N802
    """0 where both inputs are 1, else 1.

    >>> [NAND(0, 0), NAND(1, 0), NAND(0, 1), NAND(1, 1)]
    [1, 1, 1, 0]
    """
    return _perceptron(x1, x2, w=(-0.5, -0.5), b=0.7)


def OR(x1: Any, x2: Any) -> int:  # noqa: N802
    """1 where an input is 1, else 0.

    >>> [OR(0, 0), OR(1, 0), OR(0, 1), OR(1, 1)]
    [0, 1, 1, 1]
    """
    return _perceptron(x1, x2, w=(0.5, 0.5), b=-0.2)


def XOR(x1: Any, x2: Any) -> int:  # noqa: N802
    """1 where exactly one input is 1, else 0. No single line separates these, so it takes two layers.

    >>> [XOR(0, 0), XOR(1, 0), XOR(0, 1), XOR(1, 1)]
    [0, 1, 1, 0]
    """
    return AND(NAND(x1, x2), OR(x1, x2))


def _perceptron(x1: Any, x2: Any, *, w: tuple[float, float], b: float) -> int:
    """1 where the weighted sum with its bias is above 0, else 0."""
    return int(np.dot(np.array(w), np.array([x1, x2])) + b > 0)
