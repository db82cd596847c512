"""The handwritten digits that come with the package, so that a first network trains without a download."""

from __future__ import annotations

import numpy as np

from pellucid.data.dataset import ArrayDataset
from pellucid.data.known_sets import entry, fetch


def digits() -> tuple[ArrayDataset, ArrayDataset]:
    """The 1,797 digits of the UCI optical recognition set: (train, test) of 1,437 and 360, always the same.

    Shapes:    x (N, 1, 8, 8) uint8, t (N,) int64
    Units:     pixels in 0..255, the stroke is bright; the original 0..16 times 255 / 16, rounded
    Note:      the test part holds 34 to 37 examples of every digit; the file names them by their position
    Reference: E. Alpaydin, C. Kaynak, 1998, Optical Recognition of Handwritten Digits, UCI (CC BY 4.0)

    >>> train, test = digits()
    >>> train
    ArrayDataset(digits train: 1,437 examples, x (1, 8, 8) uint8, t () int64, 10 classes)
    >>> len(test)
    360
    """
    with np.load(fetch("digits") / "digits.npz", allow_pickle=False) as file:
        x, t, test = file["x"].astype(np.uint16), file["t"], file["test"]
    pixels = ((x * 255 + 8) // 16).astype(np.uint8)[:, np.newaxis]
    train = np.setdiff1d(np.arange(len(x)), test)
    return _part(pixels, t, train, "digits train"), _part(pixels, t, test, "digits test")


def _part(pixels: np.ndarray, t: np.ndarray, indices: np.ndarray, name: str) -> ArrayDataset:
    return ArrayDataset(pixels[indices], t[indices], classes=entry("digits").classes, name=name)
