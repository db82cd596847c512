"""A thousand images learned by heart, and what L2 regularisation does about it.

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
    # 400 epochs over the same 1,000 images. The cost on these keeps falling long after the accuracy on others has
    # stopped to rise: what is still learned is of no use to them.
    training_data, _, test_data = load_data_wrapper()
    few, epochs = list(training_data)[:1000], 60 if page.quick else 400
    curves = {}
    for name, lmbda in (("none", 0.0), ("L2", 0.1)):
        np.random.seed(page.seed)
        random.seed(page.seed)
        net = network2.Network([784, 30, 10], cost=network2.CrossEntropyCost)
        net.large_weight_initializer()
        with redirect_stdout(io.StringIO()):  # three lines an epoch
            _, accuracy, cost, _ = net.SGD(
                *(few, epochs, 10, 0.5),
                lmbda=lmbda,
                evaluation_data=test_data,
                monitor_evaluation_accuracy=True,
                monitor_training_cost=True,
            )
        curves[name] = np.array(accuracy) / 100, np.array(cost)

    # Large weights cost something under L2, and so the network keeps them small where they serve few images.
    best = {name: float(accuracy.max()) for name, (accuracy, _) in curves.items()}
    page.beside("per cent right, without", best["none"], 82.27, at_least=78 if page.quick else 81)
    page.beside("per cent right, with L2", best["L2"], 87.10, at_least=80 if page.quick else 86)
    with page.picture("nielsen-3-overfitting", columns=2) as (left, right):
        for name, (accuracy, cost) in curves.items():
            left.plot(accuracy, label=name)
            right.plot(cost, label=name)
        left.set(xlabel="epochs", ylabel="per cent of the test images right")
        right.set(xlabel="epochs", ylabel="cost on the 1,000 images", yscale="log")
        left.legend(loc="lower right")
