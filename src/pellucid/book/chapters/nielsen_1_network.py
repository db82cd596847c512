"""Nielsen's first network: 784, 30 and 10 sigmoid neurons, thirty epochs.

Reference: M. Nielsen, "Neural Networks and Deep Learning", 2015, chapter 1
"""

from __future__ import annotations

import random
import time

import numpy as np

from pellucid.book import Network, load_data_wrapper
from pellucid.book.chapters import plain
from pellucid.book.chapters.page import Page

SEEDS = 5


def run(page: Page) -> None:
    # Batches of 10, a learning rate of 3, the quadratic cost; after each epoch the network says how many of 10,000
    # images that it has never seen it gets right.
    training_data, _, test_data = load_data_wrapper()
    np.random.seed(page.seed)
    random.seed(page.seed)
    net = Network([784, 30, 10])
    epochs = 3 if page.quick else 30
    start = time.perf_counter()
    net.SGD(training_data, epochs, 10, 3.0, test_data=test_data)
    seconds = time.perf_counter() - start
    right = 100 * net.evaluate(test_data) / len(test_data)
    page.beside("per cent right", right, "95.42, its best epoch", at_least=90 if page.quick else 94.8)

    # The book's code takes one example after the other, in float64. A part of an epoch is timed here, on the same
    # machine, and tells how long all of them would take if nothing else kept the machine busy. Our seconds are those
    # that passed.
    by_numpy = plain.epochs_seconds(net, training_data, test_data, epochs, part=100 if page.quick else 1_000)
    page.beside(f"seconds for {epochs} epochs", round(seconds, 2), f"{by_numpy:.1f}, its own code here")
    page.beside("times as fast", round(by_numpy / seconds, 1), 1)
