"""mnist_average_darkness.py of chapter 1: how far one gets by the amount of ink alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pellucid.book.nielsen.mnist_loader import load_data

Arrays = tuple[np.ndarray, np.ndarray]


def main() -> None:
    """Say how many of MNIST's test images the average darkness gets right."""
    training_data, _, (images, labels) = load_data()
    avgs = avg_darknesses(training_data)
    right = sum(guess_digit(image, avgs) == label for image, label in zip(images, labels, strict=True))
    print("Baseline classifier using average darkness of image.")
    print(f"{right} of {len(labels)} values correct.")


def avg_darknesses(training_data: Arrays) -> dict[int, float]:
    """How dark the images of each digit are, on average: the sum of an image's pixels.

    training_data: (images, labels) as `load_data` has them, images (N, 784), labels (N,)

    >>> avg_darknesses((np.array([[0.5, 0.5], [0.0, 0.2], [0.0, 0.4]]), np.array([1, 0, 0])))
    {0: 0.30000000000000004, 1: 1.0}
    """
    images, labels = training_data
    darkness = np.asarray(images).sum(axis=1, dtype=np.float64)
    return {int(digit): float(darkness[labels == digit].mean()) for digit in np.unique(labels)}


def guess_digit(image: np.ndarray, avgs: Mapping[int, float]) -> int:
    """The digit whose average darkness is nearest to the image's.

    >>> guess_digit(np.array([0.1, 0.3]), {0: 0.3, 1: 1.0})
    0
    """
    darkness = np.sum(image, dtype=np.float64)
    return min(avgs, key=lambda digit: abs(avgs[digit] - darkness))
