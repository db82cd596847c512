"""L2 regularisation with all 50,000 images, and what it allows a larger network.

Reference: M. Nielsen, "Neural Networks and Deep Learning", 2015, chapter 3
"""

from __future__ import annotations

import io
import random
from contextlib import redirect_stdout

import numpy as np

from pellucid.book import load_data_wrapper
from pellucid.book.chapters.page import Page
from pellucid.book.nielsen import network2
from pellucid.book.nielsen.order import AUTHORS_SEED, as_in_python2

SEEDS = 3


def run(page: Page) -> None:
    # λ is 5.0, where it was 0.1 for 1,000 images: n is 50 times as large, and it is ηλ/n by which each step shrinks the
    # weights. With the author's own random numbers the network gets as many right as his did.
    training_data, validation_data, test_data = load_data_wrapper()
    epochs = 1 if page.quick else 30
    with as_in_python2():
        curves = {"30 hidden neurons": _learn(AUTHORS_SEED, 30, epochs, 0.5, training_data, test_data, "float64")}
    right, _ = curves["30 hidden neurons"]
    page.beside("30 hidden neurons: per cent right after an epoch", right[0], 92.12, within=0.05)
    if not page.quick:
        page.beside("30 hidden neurons: best epoch", max(right), 96.49, within=0.1)
        page.note(
            "the seed 12345678, Python 2's way to shuffle, and float64 give the author's own run, and so his numbers; "
            "other random numbers give a little less"
        )
        others, _ = _learn(page.seed, 30, epochs, 0.5, training_data, test_data)
        page.beside("30 hidden neurons, other random numbers: best epoch", max(others), 96.49, at_least=95.5)

    # What is learned of the training images now holds for others too, and so a larger network may be trained longer.
    for name, count, eta, book in (
        ("100 hidden neurons", epochs, 0.5, 97.92),
        (f"100 hidden neurons, η = 0.1, {2 * epochs} epochs", 2 * epochs, 0.1, 98.04),
    ):
        curves[name] = _learn(page.seed, 100, count, eta, training_data, validation_data)
        least = 80 if page.quick else book - 0.5
        page.beside(f"{name}: best epoch", max(curves[name][0]), book, at_least=least)
    with page.picture("nielsen-3-regularization", columns=3, width=4) as axes:
        for ax, (name, (right, known)) in zip(axes, curves.items(), strict=True):
            for values, label in ((known, "training images"), (right, "others")):
                ax.plot(np.arange(1, len(values) + 1), values, "o-", markersize=3, label=label)
            ax.set(title=name, xlabel="epochs", ylabel="per cent right", ylim=(min(right[0], known[0]) - 1, 100.2))
            ax.locator_params(axis="x", integer=True)
            ax.legend(loc="lower right")


def _learn(seed, hidden, epochs, eta, training_data, evaluation_data, dtype=None):
    """Per cent right of the evaluation data, and of the training data, by epoch."""
    random.seed(seed)
    np.random.seed(seed)
    net = network2.Network([784, hidden, 10], cost=network2.CrossEntropyCost)
    net.large_weight_initializer()
    with redirect_stdout(io.StringIO()):  # three lines an epoch
        _, right, _, known = net.SGD(
            *(training_data, epochs, 10, eta),
            lmbda=5.0,
            evaluation_data=evaluation_data,
            monitor_evaluation_accuracy=True,
            monitor_training_accuracy=True,
            dtype=dtype,
        )
    return np.array(right) / 100, np.array(known) / 500
