"""Nielsen's first network: 784, 30 and 10 sigmoid neurons, thirty epochs.

Reference: M. Nielsen, "Neural Networks and Deep Learning", 2015, chapter 1
"""

from __future__ import annotations

import random
import time

import numpy as np

from pellucid.book import Network, load_data_wrapper
from pellucid.book.chapters.page import Page

SEEDS = 5


def run(page: Page) -> None:
    # Batches of 10, a learning rate of 3, the quadratic cost; after each epoch the network says how many of 10,000
    # images that it has never seen it gets right.
    training_data, _, test_data = load_data_wrapper()
    np.random.seed(page.seed)
    random.seed(page.seed)
    net = Network([784, 30, 10])
    start = time.perf_counter()
    net.SGD(training_data, 3 if page.quick else 30, 10, 3.0, test_data=test_data)
    print(f"{time.perf_counter() - start:.1f} s")
    right = 100 * net.evaluate(test_data) / len(test_data)
    page.beside("per cent right", right, "95.42, its best epoch", at_least=90 if page.quick else 94.8)
