"""mnist_loader.py of chapter 1: MNIST in the shapes that the networks take."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from pellucid.book.nielsen.functions import vectorized_result
from pellucid.data import ArrayDataset, data_folder, mnist, nielsen_mnist

__all__ = ["load_data", "load_data_wrapper", "vectorized_result"]

Arrays = tuple[np.ndarray, np.ndarray]
Pair = tuple[np.ndarray, np.ndarray]
Labelled = tuple[np.ndarray, np.int64]

FILE = "mnist.pkl.gz"
FULL = np.float32(256)  # of the file, in which a pixel of 255 is 0.99609375


def load_data(path: str | os.PathLike[str] | None = None) -> tuple[Arrays, Arrays, Arrays]:
    """MNIST as (training_data, validation_data, test_data), each a pair of arrays (images, labels).

    path:   of the book's mnist.pkl.gz. Left out, it is looked for where the book has it (../data), beside the program,
            in data/ and in the folder that `PELLUCID_DATA` names; where it is in none of them, the same arrays are
            made of the four files of MNIST.
    Shapes: images (N, 784) float32, labels (N,) int64; N is 50000, 10000, 10000
    Units:  pixels in 0..1
    Raises: DataError when the file is damaged, or MNIST is neither here nor to be downloaded
    """
    found = path if path is not None else _found()
    parts = [_scaled(part) for part in mnist(validation=True)] if found is None else nielsen_mnist(found)
    training, validation, test = ((part.x, part.t.astype(np.int64)) for part in parts)
    return training, validation, test


def load_data_wrapper(
    path: str | os.PathLike[str] | None = None,
) -> tuple[list[Pair], list[Labelled], list[Labelled]]:
    """MNIST as (training_data, validation_data, test_data), lists of pairs (image, what is wanted).

    path:   as in `load_data`
    Shapes: images (784, 1) float32; wanted are vectors (10, 1) in the training data, labels in the other two
    Raises: as `load_data`
    """
    training, validation, test = load_data(path)
    vectors = np.eye(10)[training[1]]
    return (
        list(zip(_columns(training[0]), _columns(vectors), strict=True)),
        list(zip(_columns(validation[0]), validation[1], strict=True)),
        list(zip(_columns(test[0]), test[1], strict=True)),
    )


def _found() -> Path | None:
    """Where mnist.pkl.gz is, if it is in one of the usual places."""
    given = data_folder()
    places = [Path("../data"), Path(), Path("data"), *(() if given is None else (given, given / "mnist"))]
    return next((place / FILE for place in places if (place / FILE).is_file()), None)


def _scaled(part: ArrayDataset) -> ArrayDataset:
    return ArrayDataset(part.x.reshape(len(part), 784) / FULL, part.t)


def _columns(rows: np.ndarray) -> list[np.ndarray]:
    """Each row as a column, a view."""
    return list(rows[:, :, np.newaxis])
