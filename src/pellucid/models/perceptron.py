"""perceptron: one layer."""

from __future__ import annotations

import math

from pellucid.nn.container import Sequential
from pellucid.nn.linear import Linear
from pellucid.nn.shape import Flatten


def perceptron(input_shape: tuple[int, ...], classes: int) -> Sequential:
    """One Linear from all numbers to all classes: what can be told apart by weighing pixels.

    Reference: F. Rosenblatt, "The perceptron", 1958
    """
    return Sequential(Flatten(), Linear(math.prod(input_shape), classes))
