"""fast-conv: a small convolutional network that learns MNIST to 99 % in one pass over the data."""

from __future__ import annotations

from collections.abc import Iterator

from pellucid.errors import ShapeError
from pellucid.models.layer_list import initialize
from pellucid.nn.activation import ReLU
from pellucid.nn.container import Sequential
from pellucid.nn.convolution import Conv2d
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module
from pellucid.nn.normalization import BatchNorm2d
from pellucid.nn.pooling import MaxPool2d
from pellucid.nn.shape import Flatten

BLOCKS = ((5, 16, True), (3, 16, True), (3, 64, False))  # kernel, filters, whether pooled
UNPADDED = 20  # pixels a side from which on the convolutions need no padding
SMALLEST = 4

RECIPE = {
    "epochs": 1,
    "batch_size": 80,  # 60,000 are 750 batches of that size: one plan serves them all
    "optimizer": "nesterov",
    "lr": 1.0,
    "weight_decay": 3e-4,
    "schedule": "one-cycle",
    "label_smoothing": 0.1,
}
"""What it is trained with on MNIST unless the user says otherwise. Fewer examples need more epochs and a lower rate."""


def fast_conv(input_shape: tuple[int, ...], classes: int) -> Sequential:
    """Three convolutions, each with batch normalisation and ReLU, and one linear layer.

    Shapes:    (N, 1, 28, 28) → conv 5×5, pool (N, 16, 12, 12) → conv 3×3, pool (N, 16, 5, 5)
               → conv 3×3 (N, 64, 3, 3) → (N, 576) → (N, 10); 17,882 parameters, 549,504 multiply-adds
    Raises:    ShapeError unless it gets images (channels, height, width) of 4×4 or more
    Note:      pooling stands before the normalisation, which then has a quarter of the numbers to go over; images of
               less than 20 pixels a side are padded, so that something is left of them
    Reference: the large rate that goes up and down once: L. Smith, N. Topin, "Super-convergence", 2017;
               normalisation, which bears that rate: S. Ioffe, C. Szegedy, "Batch normalization", 2015;
               label smoothing: C. Szegedy and others, "Rethinking the Inception architecture", 2016
    """
    if len(input_shape) != 3 or min(input_shape[1:]) < SMALLEST:
        raise ShapeError(
            f"model fast-conv: the data has shape {input_shape}; it needs images (channels, height, width) "
            f"of {SMALLEST}×{SMALLEST} pixels or more"
        )
    channels, height, width = input_shape
    padded = min(height, width) < UNPADDED
    layers: list[Module] = []
    for kernel, filters, pooled in BLOCKS:
        layers += _block(channels, filters, kernel, padded, pooled)
        height, width = (_left(side, kernel, padded, pooled) for side in (height, width))
        channels = filters
    return initialize(Sequential(*layers, Flatten(), Linear(channels * height * width, classes)))


def _block(channels: int, filters: int, kernel: int, padded: bool, pooled: bool) -> Iterator[Module]:
    yield Conv2d(channels, filters, kernel, padding=kernel // 2 if padded else 0, bias=False)
    if pooled:
        yield MaxPool2d(2)
    yield BatchNorm2d(filters)
    yield ReLU()


def _left(side: int, kernel: int, padded: bool, pooled: bool) -> int:
    """Pixels that a block makes of so many."""
    side = side if padded else side - kernel + 1
    return side // 2 if pooled else side
