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
    order = list(range(5 * len(x)))
    shuffle(order)
    places = np.empty((len(x), 5), np.int64)  # of each image's five in the new order
    places.reshape(-1)[order] = np.arange(5 * len(x))
    moved = np.zeros((5 * len(x), SIDE, SIDE), x.dtype)
    moved[places[:, 0]] = x
    moved[places[:, 1], 1:] = x[:, :-1]
    moved[places[:, 2], :-1] = x[:, 1:]
    moved[places[:, 3], :, 1:] = x[:, :, :-1]
    moved[places[:, 4], :, :-1] = x[:, :, 1:]
    wanted = [examples[i // 5][1] for i in order]
    return list(zip(moved.reshape(-1, SIDE * SIDE, 1), wanted, strict=True))
