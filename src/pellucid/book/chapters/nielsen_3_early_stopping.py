"""Stopping early: when ten epochs have brought nothing better, training is over.

Reference: M. Nielsen, "Neural Networks and Deep Learning", 2015, chapter 3
"""

from __future__ import annotations

import io
import random
import time
from contextlib import redirect_stdout

import numpy as np

from pellucid.book import load_data_wrapper
from pellucid.book.chapters.page import Page
from pellucid.book.nielsen import network2

SEEDS = 3


def run(page: Page) -> None:
    # How many epochs are enough? The validation data know; the test data are not asked, or they would be learned too.
    training_data, validation_data, test_data = load_data_wrapper()
    training_data = training_data[: 2_000 if page.quick else 50_000]
    epochs, patience = (20, 2) if page.quick else (100, 10)
    found = {}
    for n in (patience, 0):
        np.random.seed(page.seed)
        random.seed(page.seed)
        net = network2.Network([784, 30, 10])
        start = time.perf_counter()
        with redirect_stdout(io.StringIO()):  # two lines an epoch
            _, right, _, _ = net.SGD(
                *(training_data, epochs, 10, 0.5),
                lmbda=5.0 * len(training_data) / 50_000,
                evaluation_data=validation_data,
                monitor_evaluation_accuracy=True,
                early_stopping_n=n,
            )
        found[n] = right, 100 * net.accuracy(test_data) / len(test_data), time.perf_counter() - start

    # The same seed and so the same epochs, up to where one of the two stops.
    (stopped, test, seconds), (whole, longer, all_seconds) = found[patience], found[0]
    best = int(np.argmax(stopped))
    print(f"best in epoch {best + 1}, stopped after {len(stopped)}: {seconds:.1f} s in place of {all_seconds:.1f}")
    page.beside("epochs", len(stopped), f"as many as it takes, here at most {epochs}", at_most=epochs - 1)
    page.beside("epochs since the best one", len(stopped) - 1 - best, patience, within=0)
    page.beside(
        "per cent of the test images right", test, "as good as it gets", at_least=longer - (3 if page.quick else 1)
    )
    with page.picture("nielsen-3-early-stopping") as ax:
        ax.plot(np.arange(1, epochs + 1), np.array(whole) / 100, color="0.7", label="without stopping")
        ax.plot(np.arange(1, len(stopped) + 1), np.array(stopped) / 100, label=f"stopped after {patience} without gain")
        ax.plot(best + 1, stopped[best] / 100, "o", color="C3", label="the best epoch")
        ax.set(xlabel="epochs", ylabel="per cent of the validation images right")
        ax.locator_params(axis="x", integer=True)
        ax.legend(loc="lower right")
