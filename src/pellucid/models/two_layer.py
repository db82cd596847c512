"""two-layer: the books' first network."""

from __future__ import annotations

import math

from pellucid.models.layer_list import layer_list
from pellucid.nn.container import Sequential

HIDDEN = 50


def two_layer(input_shape: tuple[int, ...], classes: int) -> Sequential:
    """50 hidden units with ReLU: 784-50-10 for MNIST.

    Reference: K. Saitoh, "Deep Learning from Scratch", 2016, chapters 4 and 5
    """
    return layer_list([math.prod(input_shape), HIDDEN, classes], input_shape, classes)
