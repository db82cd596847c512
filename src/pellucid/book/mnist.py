"""MNIST as the book's programs read it.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 3.6
"""

from __future__ import annotations

import numpy as np

from pellucid import data
from pellucid.data import ArrayDataset

Pair = tuple[np.ndarray, np.ndarray]
CLASSES = 10


def load_mnist(normalize: bool = True, flatten: bool = True, one_hot_label: bool = False) -> tuple[Pair, Pair]:
    """(x_train, t_train), (x_test, t_test): 60,000 and 10,000 handwritten digits.

    normalize:     pixels as float32 in 0..1, else as they are, uint8 in 0..255
    flatten:       images as rows of 784 numbers, else (1, 28, 28)
    one_hot_label: labels as rows of ten numbers (float64), else as uint8 in 0..9

    Shapes: x (N, 784) or (N, 1, 28, 28), t (N,) or (N, 10)
    Raises: DataError when the files are neither here nor to be downloaded, or damaged; it says where they go
    Note:   the address in the book's code answers 403 today. The files are looked for in `PELLUCID_DATA`/mnist and
            the cache, else downloaded once from another place
    """
    train, test = data.mnist()
    return _as_asked(train, normalize, flatten, one_hot_label), _as_asked(test, normalize, flatten, one_hot_label)


def _as_asked(part: ArrayDataset, normalize: bool, flatten: bool, one_hot_label: bool) -> Pair:
    x = part.x / np.float32(255) if normalize else part.x.copy()
    t = np.eye(CLASSES)[part.t] if one_hot_label else part.t.astype(np.uint8)
    return x.reshape(len(x), -1) if flatten else x, t
