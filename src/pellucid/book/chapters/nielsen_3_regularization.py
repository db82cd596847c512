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

SEEDS = 3


def run(page: Page) -> None:
    # λ is 5.0 in place of 0.1: n is 50 times as large, and it is ηλ/n by which each step shrinks the weights.
    training_data, validation_data, test_data = load_data_wrapper()
    runs = (
        ("30 hidden neurons", 30, 30, 0.5, test_data, 96.49),
        ("100 hidden neurons", 100, 30, 0.5, validation_data, 97.92),
        ("100, η = 0.1, 60 epochs", 100, 60, 0.1, validation_data, 98.04),
    )
    curves = {}
    for name, hidden, epochs, eta, watched, book in runs:
        np.random.seed(page.seed)
        random.seed(page.seed)
        net = network2.Network([784, hidden, 10], cost=network2.CrossEntropyCost)
        net.large_weight_initializer()
        with redirect_stdout(io.StringIO()):  # three lines an epoch
            _, right, _, training = net.SGD(
                *(training_data, 1 if page.quick else epochs, 10, eta),
                lmbda=5.0,
                evaluation_data=watched,
                monitor_evaluation_accuracy=True,
                monitor_training_accuracy=True,
            )
        curves[name] = np.array(right) / 100, np.array(training) / 500
        least = 80 if page.quick else book - 0.3
        page.beside(f"{name}: per cent right, best epoch", max(right) / 100, book, at_least=least)

    # What is learned of the training images now holds for others too, but for a per cent or two.
    with page.picture("nielsen-3-regularization", columns=len(curves), width=4) as axes:
        for ax, (name, (right, training)) in zip(axes, curves.items(), strict=True):
            ax.plot(training, label="training images")
            ax.plot(right, label="others")
            ax.set(title=name, xlabel="epochs", ylabel="per cent right", ylim=(90, 100))
            ax.legend(loc="lower right")
