"""Average darkness and support vectors."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from pellucid.book.nielsen.baselines import avg_darknesses, guess_digit, svm_baseline
from pellucid.book.nielsen.mnist_loader import load_data
from pellucid.errors import OptionError
from tests.book.nielsen.test_data import needs_mnist


@needs_mnist
def test_average_darkness_gets_the_books_share_right():
    training, _, test = load_data()
    averages = avg_darknesses(training)
    assert list(averages) == list(range(10))
    assert sum(guess_digit(x, averages) == t for x, t in zip(*test, strict=True)) == 2225


def test_support_vectors_tell_clusters_apart():
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    images = np.eye(3)[labels] + 0.1 * rng.normal(size=(60, 3))
    assert svm_baseline((images[:30], labels[:30]), (images[30:], labels[30:])) == 30


def test_without_scikit_learn_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)
    with pytest.raises(OptionError, match=r"^svm_baseline: it needs scikit-learn; pip install scikit-learn$"):
        svm_baseline((np.zeros((2, 1)), np.arange(2)), (np.zeros((2, 1)), np.arange(2)))
