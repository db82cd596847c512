"""Augmentation: small random changes to a batch of images, which leave their meaning as it is.

Each is called as `transform(images, generator)` with images (N, C, H, W), uint8 or float; every image gets
its own draw, the dtype is kept and the input is not changed. What comes in from outside the picture is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pellucid.errors import DataError, OptionError


class Compose:
    """One transform after another, each drawing from the same generator."""

    def __init__(self, *transforms: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> None:
        self.transforms = transforms

    def __call__(self, images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        for transform in self.transforms:
            images = transform(images, generator)
        return images

    def __repr__(self) -> str:
        return f"Compose({', '.join(map(repr, self.transforms))})"


@dataclass(frozen=True)
class Shift:
    """Moves each image by up to `pixels` pixels in both directions.

    >>> images = np.full((1, 1, 4, 4), 255, np.uint8)
    >>> Shift(1)(images, np.random.default_rng(0)).shape
    (1, 1, 4, 4)
    """

    pixels: int

    def __post_init__(self) -> None:
        _check(self.pixels >= 0, self, "pixels of at least 0")

    def __call__(self, images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        height, width = _images(self, images).shape[2:]
        return Crop((height, width), padding=self.pixels)(images, generator)


@dataclass(frozen=True)
class Crop:
    """Cuts a random window of `size` (height, width, or one number for both) out of each image, after padding
    it with `padding` pixels on every side.

    Shapes: (N, C, H, W) → (N, C, size[0], size[1])
    """

    size: int | tuple[int, int]
    padding: int = 0

    def __post_init__(self) -> None:
        _check(
            min(self._window) >= 1 and self.padding >= 0,
            self,
            "a size of at least 1 and a padding of at least 0",
        )

    @property
    def _window(self) -> tuple[int, int]:
        return self.size if isinstance(self.size, tuple) else (self.size, self.size)

    def __call__(self, images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        (height, width), pad = self._window, (self.padding, self.padding)
        padded = np.pad(_images(self, images), ((0, 0), (0, 0), pad, pad))
        spare_height, spare_width = padded.shape[2] - height, padded.shape[3] - width
        if min(spare_height, spare_width) < 0:
            given = f"images of {images.shape[2]}×{images.shape[3]} pixels are too small"
            raise DataError(f"{self}: {given}; give a smaller size or more padding")
        top = generator.integers(0, spare_height + 1, len(images))
        left = generator.integers(0, spare_width + 1, len(images))
        return _gather(
            padded,
            (top[:, None] + np.arange(height))[:, :, None],
            (left[:, None] + np.arange(width))[:, None],
        )


@dataclass(frozen=True)
class Flip:
    """Mirrors each image with probability `probability`, left to right ("horizontal") or top to bottom."""

    direction: Literal["horizontal", "vertical"] = "horizontal"
    probability: float = 0.5

    def __post_init__(self) -> None:
        _check(self.direction in ("horizontal", "vertical"), self, 'the direction "horizontal" or "vertical"')
        _check(0 <= self.probability <= 1, self, "a probability in 0..1")

    def __call__(self, images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        flipped = _images(self, images).copy()
        chosen = generator.random(len(images)) < self.probability
        flipped[chosen] = np.flip(images[chosen], axis=3 if self.direction == "horizontal" else 2)
        return flipped


@dataclass(frozen=True)
class Rotate:
    """Turns each image about its centre by up to `degrees` degrees either way.

    Math: y[p] = bilinear mean of the four pixels around R p, where R is the turn backwards

    >>> image = np.zeros((1, 1, 3, 3), np.uint8); image[0, 0, 0, 1] = 100
    >>> rotate_by(image, np.array([90.0]))[0, 0].tolist()
    [[0, 0, 0], [100, 0, 0], [0, 0, 0]]
    """

    degrees: float

    def __post_init__(self) -> None:
        _check(0 <= self.degrees <= 180, self, "degrees in 0..180")

    def __call__(self, images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        return rotate_by(_images(self, images), generator.uniform(-self.degrees, self.degrees, len(images)))


def rotate_by(images: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Each image turned about its centre, anticlockwise, by its own angle.

    Shapes: images (N, C, H, W), degrees (N,) → (N, C, H, W)
    """
    row, column = _sources(images.shape[2], images.shape[3], np.deg2rad(degrees))
    top, left = np.floor(row).astype(np.int64), np.floor(column).astype(np.int64)
    down, right = (row - top)[:, None], (column - left)[:, None]
    # Two pixels of 0 on each side: a corner that lies outside, however far, reads one of them.
    padded = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)))

    def corner(row: np.ndarray, column: np.ndarray) -> np.ndarray:
        row = np.clip(row + 2, 0, padded.shape[2] - 1)
        return _gather(padded, row, np.clip(column + 2, 0, padded.shape[3] - 1))

    upper = (1 - right) * corner(top, left) + right * corner(top, left + 1)
    lower = (1 - right) * corner(top + 1, left) + right * corner(top + 1, left + 1)
    turned = (1 - down) * upper + down * lower
    return (turned if images.dtype.kind == "f" else np.rint(turned)).astype(images.dtype)


def _sources(height: int, width: int, radians: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where in the picture each turned pixel comes from: rows and columns (N, H, W)."""
    y = np.arange(height)[:, None] - (height - 1) / 2
    x = np.arange(width) - (width - 1) / 2
    sine, cosine = np.sin(radians)[:, None, None], np.cos(radians)[:, None, None]
    # Rounded, or else a turn by 90° reads a sixteenth digit of its neighbour and loses the border.
    row = np.round(sine * x + cosine * y + (height - 1) / 2, 9)
    return row, np.round(cosine * x - sine * y + (width - 1) / 2, 9)


def _gather(images: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Pixels at rows and columns (N, H, W), the same in every channel."""
    each, channel = np.arange(len(images))[:, None, None, None], np.arange(images.shape[1])[:, None, None]
    return images[each, channel, rows[:, None], columns[:, None]]


def _images(transform: object, images: np.ndarray) -> np.ndarray:
    if images.ndim != 4 or images.dtype.kind not in "uf":
        given = f"got {images.shape} {images.dtype}"
        raise DataError(f"{transform}: {given}; images are (N, C, H, W), uint8 or float")
    return images


def _check(holds: bool, transform: object, wanted: str) -> None:
    if not holds:
        raise OptionError(f"{transform}: this cannot be; give {wanted}")
