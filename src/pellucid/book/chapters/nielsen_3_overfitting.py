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
from pellucid.book.nielsen.order import AUTHORS_SEED, as_in_python2


def run(page: Page) -> None:
    # 400 epochs over the same 1,000 images. The cost on these keeps falling long after the accuracy on others has
    # stopped rising: what is still learned is of no use to them. The random numbers are the author's own.
    training_data, _, test_data = load_data_wrapper()
    few, epochs = list(training_data)[:1000], 40 if page.quick else 400
    curves = {}
    for name, lmbda in (("without L2", 0.0), ("with L2", 0.1)):
        np.random.seed(AUTHORS_SEED)
        random.seed(AUTHORS_SEED)
        net = network2.Network([784, 30, 10], cost=network2.CrossEntropyCost)
        net.large_weight_initializer()
        with as_in_python2(), redirect_stdout(io.StringIO()):  # five lines an epoch
            curves[name] = net.SGD(
                *(few, epochs, 10, 0.5),
                lmbda=lmbda,
                evaluation_data=test_data,
                monitor_evaluation_cost=True,
                monitor_evaluation_accuracy=True,
                monitor_training_cost=True,
                monitor_training_accuracy=True,
                dtype="float64",
            )

    # Each of the 1,000 is known in the end, while the cost on the others has been rising since the first epochs.
    cost, _, _, known = curves["without L2"]
    page.beside("per cent of the 1,000 right, without", known[-1] / 10, "100", at_least=99 if page.quick else 99.9)
    page.beside("epoch of the lowest cost on the test images", int(np.argmin(cost)), "about 15", at_most=40)

    # Large weights cost something under L2, and so the network keeps them small where they serve few images.
    best = {name: max(accuracy) / 100 for name, (_, accuracy, _, _) in curves.items()}
    bounds = ({"at_least": 80}, {"at_least": 81}) if page.quick else ({"within": 0.1}, {"within": 0.1})
    page.beside("per cent right, without", best["without L2"], 82.27, **bounds[0])
    page.beside("per cent right, with L2", best["with L2"], 87.10, **bounds[1])
    page.note(
        "the seed 12345678, Python 2's way to shuffle, and float64 give the author's own runs, and so his numbers"
    )
    titles = {"cost, test images": 1, "per cent right, test images": 100}
    titles |= {"cost, the 1,000 images": 1, "per cent right, the 1,000 images": 10}
    with page.picture("nielsen-3-overfitting", rows=2, columns=2) as axes:
        for i, (ax, (title, scale)) in enumerate(zip(axes.ravel(), titles.items(), strict=True)):
            for name, lists in curves.items():
                ax.plot(np.array(lists[i]) / scale, label=name)
            ax.set(title=title, xlabel="epochs")
        axes[0, 0].legend()
