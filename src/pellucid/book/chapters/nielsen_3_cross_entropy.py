"""Badly wrong and slow to learn: the quadratic cost against the cross-entropy.

Reference: M. Nielsen, "Neural Networks and Deep Learning", 2015, chapter 3
"""

from __future__ import annotations

import io
import random
from contextlib import redirect_stdout

import numpy as np

from pellucid.book import load_data_wrapper
from pellucid.book.chapters.page import Page
from pellucid.book.nielsen.network2 import CrossEntropyCost, Network, QuadraticCost

SEEDS = 3


def run(page: Page) -> None:
    # One neuron, one weight, one bias; for the input 1 it should put out 0. People learn most from what they got badly
    # wrong. With the quadratic cost the neuron does not: near 1 its sigmoid is flat, and so is the cost.
    starts = (0.6, 0.9), (2.0, 2.0)
    quadratic, entropy = ([_one_neuron(cost, *start) for start in starts] for cost in (QuadraticCost, CrossEntropyCost))
    for (w, b), outputs, book in zip(starts, quadratic, ([0.82, 0.09], [0.98, 0.20]), strict=True):
        page.beside(f"w={w}, b={b}: output before and after", np.round(outputs[[0, -1]], 2), book, within=0.005)

    # The slope of the cross-entropy by the weighted input is output - wanted, with no flat place in it.
    late, early = (int(np.argmax(outputs[1] < 0.5)) for outputs in (quadratic, entropy))
    page.beside("epochs until the worse neuron is below a half, quadratic cost", late, "most of 300", at_least=150)
    page.beside("epochs until it is, cross-entropy", early, "few", at_most=50)
    page.note("both costs run with a learning rate of 0.15; the book took another one for the cross-entropy")
    with page.picture("nielsen-3-cross-entropy", columns=2) as axes:
        for ax, (w, b), *outputs in zip(axes, starts, quadratic, entropy, strict=True):
            ax.plot(outputs[0], label="quadratic cost")
            ax.plot(outputs[1], label="cross-entropy")
            ax.set(title=f"w = {w}, b = {b}", xlabel="epochs", ylabel="output; 0 is wanted", ylim=(0, 1))
        axes[0].legend()

    # On MNIST the quadratic cost gave the book 95.42 and 96.59.
    training_data, _, test_data = load_data_wrapper()
    for hidden, book in ((30, 95.49), (100, 96.82)):
        np.random.seed(page.seed)
        random.seed(page.seed)
        net = Network([784, hidden, 10], cost=CrossEntropyCost)
        net.large_weight_initializer()
        with redirect_stdout(io.StringIO()):  # two lines an epoch
            epochs = 1 if page.quick else 30
            _, right, _, _ = net.SGD(
                *(training_data, epochs, 10, 0.5), evaluation_data=test_data, monitor_evaluation_accuracy=True
            )
        least = 85 if page.quick else book - 0.7
        page.beside(f"per cent right with {hidden} hidden neurons, best epoch", max(right) / 100, book, at_least=least)


def _one_neuron(cost, w, b):
    """The neuron's output before and after each of 300 epochs."""
    net = Network([1, 1], cost=cost)
    net.weights, net.biases = [np.array([[w]])], [np.array([[b]])]
    x, y = np.array([[1.0]]), np.array([[0.0]])
    outputs = [net.feedforward(x)]
    for _ in range(300):
        net.update_mini_batch([(x, y)], 0.15, 0.0, 1)
        outputs.append(net.feedforward(x))
    return np.ravel(outputs)
