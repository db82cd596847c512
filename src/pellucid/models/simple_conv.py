"""simple-conv: the books' first convolutional network."""

from __future__ import annotations

from pellucid.errors import ShapeError
from pellucid.models.layer_list import initialize
from pellucid.nn.activation import ReLU
from pellucid.nn.container import Sequential
from pellucid.nn.convolution import Conv2d
from pellucid.nn.linear import Linear
from pellucid.nn.pooling import MaxPool2d
from pellucid.nn.shape import Flatten

FILTERS, KERNEL, POOL, HIDDEN = 30, 5, 2, 100
SMALLEST = KERNEL - 1 + POOL


def simple_conv(input_shape: tuple[int, ...], classes: int) -> Sequential:
    """conv 5×5, ReLU, pool 2, 100 hidden with ReLU: 4320-100-10 after the pooling for images of 28×28.

    Raises:    ShapeError unless it gets images (channels, height, width) of 6×6 or more
    Reference: K. Saitoh, "Deep Learning from Scratch", 2016, chapter 7
    """
    if len(input_shape) != 3 or min(input_shape[1:]) < SMALLEST:
        raise ShapeError(
            f"model simple-conv: the data has shape {input_shape}; it needs images (channels, height, width) "
            f"of {SMALLEST}×{SMALLEST} pixels or more"
        )
    channels, *size = input_shape
    height, width = ((n - KERNEL + 1) // POOL for n in size)
    return initialize(
        Sequential(
            Conv2d(channels, FILTERS, KERNEL),
            ReLU(),
            MaxPool2d(POOL),
            Flatten(),
            Linear(FILTERS * height * width, HIDDEN),
            ReLU(),
            Linear(HIDDEN, classes),
        )
    )
