"""Better initial weights: of standard deviation 1/√inputs in place of 1.

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
    # A neuron that adds up 784 pixels with weights of standard deviation 1 gets sums far from 0, where the sigmoid is
    # flat; with weights of 1/√784 the sums are near 0, and it learns from the first image on.
    training_data, validation_data, _ = load_data_wrapper()
    curves = {}
    for hidden in (30, 100):
        for name in ("large", "default"):
            np.random.seed(page.seed)
            random.seed(page.seed)
            net = network2.Network([784, hidden, 10], cost=network2.CrossEntropyCost)
            getattr(net, f"{name}_weight_initializer")()
            with redirect_stdout(io.StringIO()):  # two lines an epoch
                _, right, _, _ = net.SGD(
                    *(training_data, 1 if page.quick else 30, 10, 0.1),
                    lmbda=5.0,
                    evaluation_data=validation_data,
                    monitor_evaluation_accuracy=True,
                )
            curves[hidden, name] = np.array(right) / 100

    # The old start loses a few epochs and no more: with 30 hidden neurons both end at the same place.
    old, new = curves[30, "large"], curves[30, "default"]
    page.beside("old weights, per cent right after an epoch", old[0], "under 87", at_most=88.5)
    page.beside("new weights, per cent right after an epoch", new[0], "almost 93", at_least=92)
    if not page.quick:
        page.beside("at the end, old and new", np.array([old[-1], new[-1]]), "about 96, both", at_least=95.5)
    with page.picture("nielsen-3-weights", columns=2) as axes:
        for ax, hidden in zip(axes, (30, 100), strict=True):
            for name, words in (("large", "deviation 1"), ("default", "deviation 1/√inputs")):
                right = curves[hidden, name]
                ax.plot(np.arange(1, len(right) + 1), right, "o-", markersize=3, label=words)
            ax.set(title=f"{hidden} hidden neurons", xlabel="epochs", ylabel="per cent right")
            ax.locator_params(axis="x", integer=True)
            ax.legend(loc="center right")
