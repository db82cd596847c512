"""A hundred hidden neurons in place of thirty, and two bad learning rates.

Reference: M. Nielsen, "Neural Networks and Deep Learning", 2015, chapter 1
"""

from __future__ import annotations

import io
import random
from contextlib import redirect_stdout

import numpy as np

from pellucid.book import Network, load_data_wrapper
from pellucid.book.chapters.page import Page


def run(page: Page) -> None:
    # More neurons can tell more digits apart, but not in every run: some get 96 per cent right and others lose one
    # digit, or two, and never find it again. Several seeds show both.
    training_data, _, test_data = load_data_wrapper()
    images, labels = np.hstack([image for image, _ in test_data]), np.array([label for _, label in test_data])
    count, epochs, seeds = (20_000, 2, 2) if page.quick else (50_000, 30, 8)
    training_data = training_data[:count]
    rights, others = [], []
    for seed in range(page.seed, page.seed + seeds):
        net, right = _learn([784, 100, 10], training_data, test_data, epochs, 3.0, seed)
        outputs = net.feedforward(images)
        silent = np.flatnonzero(outputs.max(axis=1) < 0.5)  # above a half for none of 10,000 images
        known = ~np.isin(labels, silent)
        rights.append(max(right))
        others.append(100 * float(np.mean(outputs.argmax(axis=0)[known] == labels[known])))
        missing = f"; outputs that never fire: {silent}, right of the other digits: {others[-1]:.2f} %"
        print(f"seed {seed}: {rights[-1]:.2f} % right" + (missing if len(silent) else ""))
    page.beside("per cent right, the best run", max(rights), 96.59, at_least=40 if page.quick else 96.2)

    # An output neuron should be 0 for nine digits of ten, and so the first batches push nearly all of them far below 0.
    # There the sigmoid is flat, and the slope of the quadratic cost has the sigmoid's slope as a factor: even a
    # neuron's own digit hardly pulls it up. Most come back in time; some never do.
    page.beside(
        "the same of the digits whose output fires, in the worst run",
        round(min(others), 2),
        "about as many",
        at_least=60 if page.quick else 95,
    )
    page.note(
        "a run below 90 per cent has an output neuron that stays at 0 for all images, so that every image of its digit "
        "is taken for another one; what it gets right of the others is as good as in the best run. The book says that "
        "readers have seen such runs"
    )

    # A rate that is too small hardly moves in thirty epochs; one that is too large throws all neurons to where they
    # cannot learn.
    for sizes, eta, book, most in (([784, 100, 10], 0.001, 21.42, 50), ([784, 30, 10], 100.0, 9.82, 25)):
        _, right = _learn(sizes, training_data, test_data, epochs, eta, page.seed)
        page.beside(f"per cent right with a learning rate of {eta}", right[-1], book, at_most=most)


def _learn(sizes, training_data, test_data, epochs, eta, seed):
    """The network, and what it gets right after each epoch, in per cent."""
    np.random.seed(seed)
    random.seed(seed)
    net, said = Network(sizes), io.StringIO()
    with redirect_stdout(said):
        net.SGD(training_data, epochs, 10, eta, test_data=test_data)
    return net, [100 * int(line.split()[2]) / len(test_data) for line in said.getvalue().splitlines()]
