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
    # The two ways to a gradient share nothing but the network: where they agree, both must be right.
    (x, t), _ = load_mnist(normalize=True, one_hot_label=True)
    x, t = x[:3], t[:3]
    np.random.seed(page.seed)
    network = TwoLayerNet(input_size=784, hidden_size=50, output_size=10)
    start = time.perf_counter()
    differences = network.numerical_gradient(x, t)
    seconds = time.perf_counter() - start
    backwards = network.gradient(x, t)
    print(f"79,520 losses in {seconds:.2f} s; one after the other they would take about", end=" ")
    print(f"{plain_seconds(lambda: network.loss(x, t), network.params):.1f} s")

    # What is left between them is rounding, and in W2 and b2 the 1e-7 that the loss adds inside its logarithm and the
    # gradient leaves out.
    off = {key: _mean_difference(backwards[key], differences[key]) for key in BOOK}
    for key, book in BOOK.items():
        page.beside(f"mean difference, {key}", off[key], book, at_most=10 * book)

    # In W1 and b1 the book has far more than most seeds give here. One of the 150 hidden numbers is enough for that:
    # where it is nearer to 0 than the 0.0001 of a difference, its ReLU bends inside the difference, which is no slope
    # then. Moved there on purpose, one does to W1 and b1 what the book shows.
    hidden = x @ network.params["W1"] + network.params["b1"]
    bends = int(np.sum(np.abs(hidden) < 1e-4))
    print(f"hidden numbers within 0.0001 of 0: {bends}; the nearest: {np.abs(hidden).min():.1e}")
    network.params["b1"][0] -= hidden[0, 0] - 1e-5
    differences, backwards = network.numerical_gradient(x, t), network.gradient(x, t)
    found = [_mean_difference(backwards[key], differences[key]) for key in ("W1", "b1")]
    page.beside(
        "mean difference with one hidden number at 0.00001: W1, b1",
        found,
        [BOOK["W1"], BOOK["b1"]],
        at_least=1e-7,
        at_most=1e-3,
    )
    page.note(
        "the book's differences in W1 and b1 are larger than those of most seeds here; they are as large as one hidden "
        "number at a ReLU's kink makes them, and for the last line one has been put there"
    )


def _mean_difference(a, b):
    return float(np.average(np.abs(a - b)))
