"""How far one gets without a network (chapter 1): the average darkness of the digits, and support vectors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pellucid.errors import OptionError

Arrays = tuple[np.ndarray, np.ndarray]


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


def svm_baseline(training_data: Arrays, test_data: Arrays) -> int:
    """How many of the test images a support vector machine with scikit-learn's usual options gets right.

    Raises: OptionError when scikit-learn is not there
    Note:   with all of MNIST it takes minutes
    """
    try:
        from sklearn.svm import SVC  # pyright: ignore[reportMissingImports] - optional, and slow to load
    except ImportError:
        raise OptionError("svm_baseline: it needs scikit-learn; pip install scikit-learn") from None
    machine = SVC().fit(*training_data)
    images, labels = test_data
    return int(np.sum(machine.predict(images) == labels))
