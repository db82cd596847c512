"""The embedded digits: the right ones, always cut in the same place."""

import numpy as np
import pytest

from pellucid import data


def test_the_parts_have_their_shapes_and_classes():
    train, test = data.digits()
    assert (train.x.shape, test.x.shape) == ((1437, 1, 8, 8), (360, 1, 8, 8))
    assert (train.x.dtype, train.t.dtype) == (np.uint8, np.int64)
    assert (train.x.min(), train.x.max()) == (0, 255)
    assert train.classes == tuple("0123456789")
    assert (train.name, test.name) == ("digits train", "digits test")


def test_the_cut_is_always_the_same_and_fair():
    _, test = data.digits()
    assert test.t[:20].tolist() == [0, 5, 7, 0, 1, 2, 2, 3, 5, 9, 9, 2, 1, 2, 7, 5, 9, 2, 7, 8]
    assert np.bincount(test.t).tolist() == [36, 36, 35, 37, 36, 37, 36, 36, 35, 36]


def test_they_are_scikit_learn_s_digits():
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn has the reference copy")
    reference = datasets.load_digits()
    pixels = np.floor(reference.images * 255 / 16 + 0.5)
    expected = sorted((*image.ravel(), label) for image, label in zip(pixels, reference.target, strict=True))
    found = [(*image.ravel(), label) for part in data.digits() for image, label in part]
    assert sorted(found) == expected
