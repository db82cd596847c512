"""Digits told apart by support vectors."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from pellucid.book.nielsen import mnist_svm
from pellucid.book.nielsen.mnist_svm import svm_baseline
from pellucid.errors import OptionError


def _clusters():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    images = np.eye(3)[labels] + 0.1 * rng.normal(size=(60, 3))
    return (images[:30], labels[:30]), (images[30:], labels[30:])


def test_support_vectors_tell_clusters_apart(capsys):
    pytest.importorskip("sklearn")
    assert svm_baseline(*_clusters()) == 30
    assert capsys.readouterr().out == "Baseline classifier using an SVM.\n30 of 30 values correct.\n"


def test_without_data_it_takes_mnist(monkeypatch):
    pytest.importorskip("sklearn")
    training, test = _clusters()
    monkeypatch.setattr(mnist_svm, "load_data", lambda: (training, None, test))
    assert svm_baseline() == 30


def test_gamma_is_what_scikit_learn_took_in_2015(monkeypatch):
    svm = pytest.importorskip("sklearn.svm")
    training, test = _clusters()
    made = []
    monkeypatch.setattr(svm, "SVC", lambda **options: made.append(options) or _Machine())
    svm_baseline(training, test)
    assert made == [{"gamma": "auto"}]


class _Machine:
    def fit(self, images, labels):
        return self

    def predict(self, images):
        return np.zeros(len(images))


def test_without_scikit_learn_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)
    with pytest.raises(OptionError, match=r"^svm_baseline: it needs scikit-learn; pip install scikit-learn$"):
        svm_baseline(*_clusters())
