"""expand_mnist.py of chapter 3: more training data, each image moved by one pixel in four directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.book.nielsen import pairs
from pellucid.book.nielsen.order import shuffle

__all__ = ["expand_mnist"]

SIDE = 28


def expand_mnist(training_data: pairs.Pairs) -> list[tuple[np.ndarray, Any]]:
    """The pairs (x, y) five times: as they are, and moved down, up, right and left by a pixel; shuffled.

    Shapes: x (784, 1); y is passed on, a vector or a label
    Raises: ShapeError for an image of another shape
    Note:   what is moved out of the image is lost, and 0 moves in. MNIST's 50,000 become 250,000, of 784 MB.
    """
    examples = pairs.listed("expand_mnist", training_data)
    x = pairs.images("expand_mnist", examples, SIDE * SIDE, "MNIST's have 784 pixels").reshape(-1, SIDE, SIDE)
    moved = np.zeros((len(x), 5, SIDE, SIDE), x.dtype)
    moved[:, 0] = x
    moved[:, 1, 1:] = x[:, :-1]
    moved[:, 2, :-1] = x[:, 1:]
    moved[:, 3, :, 1:] = x[:, :, :-1]
    moved[:, 4, :, :-1] = x[:, :, 1:]
    columns = moved.reshape(-1, SIDE * SIDE, 1)
    order = list(range(len(columns)))
    shuffle(order)
    return [(columns[i], examples[i // 5][1]) for i in order]
