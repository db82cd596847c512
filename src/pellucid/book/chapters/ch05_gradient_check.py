"""Backpropagation checked against differences.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 5.7.3
"""

from __future__ import annotations

import time

import numpy as np

from pellucid.book import TwoLayerNet, load_mnist
from pellucid.book.chapters.page import Page
from pellucid.book.differences import plain_seconds

SEEDS = 5
BOOK = {"W1": 1.8e-6, "b1": 2.4e-5, "W2": 6e-9, "b2": 1.4e-7}


def run(page: Page) -> None:
    # The two ways to a gradient share nothing but the network: if they agree, both are right.
    (x, t), _ = load_mnist(normalize=True, one_hot_label=True)
    x, t = x[:3], t[:3]
    np.random.seed(page.seed)
    network = TwoLayerNet(input_size=784, hidden_size=50, output_size=10)
    start = time.perf_counter()
    differences = network.numerical_gradient(x, t)
    seconds = time.perf_counter() - start
    backwards = network.gradient(x, t)
    print(f"79,520 differences in {seconds:.2f} s; one after the other they would take about", end=" ")
    print(f"{plain_seconds(lambda: network.loss(x, t), network.params):.1f} s")

    # What is left between them is rounding, the 1e-7 that the loss has and its slope has not (in W2 and b2), and here
    # and there a ReLU that a difference steps across (in W1 and b1: it depends on the weights that were drawn).
    for key, book in BOOK.items():
        mean = float(np.average(np.abs(backwards[key] - differences[key])))
        page.beside(f"mean difference, {key}", mean, book, at_most=10 * book)
