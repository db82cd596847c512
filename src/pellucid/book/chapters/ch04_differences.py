"""The two-layer network learns by differences alone: 100 steps, each of 79,520 losses.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 4.5
"""

from __future__ import annotations

import time

import numpy as np

from pellucid.book import TwoLayerNet, load_mnist
from pellucid.book.chapters.page import Page
from pellucid.book.differences import plain_seconds

SEEDS = 3


def run(page: Page) -> None:
    # Chapter 4 knows no backpropagation: the loss with each of 39,760 parameters a little larger and a little smaller
    # tells the gradient. Step by step that takes hours, and so a reader made it 100 steps with a learning rate of 1.
    (x_train, t_train), (x_test, t_test) = load_mnist(normalize=True, one_hot_label=True)
    np.random.seed(page.seed)
    network = TwoLayerNet(input_size=784, hidden_size=50, output_size=10, chapter=4)
    steps = 5 if page.quick else 100
    losses, accuracies = [], []
    start = time.perf_counter()
    for _ in range(steps):
        chosen = np.random.choice(len(x_train), 100)
        x, t = x_train[chosen], t_train[chosen]
        for key, gradient in network.numerical_gradient(x, t).items():
            network.params[key] -= 1.0 * gradient
        losses.append(network.loss(x, t))
        accuracies.append(network.accuracy(x_test, t_test))
    seconds = time.perf_counter() - start

    # Every difference is taken here too, but only what a parameter reaches is computed again.
    plain = plain_seconds(lambda: network.loss(x_train[:100], t_train[:100]), network.params) * steps
    print(f"{steps} steps in {seconds:.1f} s")
    page.beside("minutes, loss by loss", round(plain / 60, 1), "75 on a reader's laptop")
    page.beside("loss at the end", round(float(np.mean(losses[-10:])), 3), "falls", at_most=2.4 if page.quick else 1.0)
    page.beside("test accuracy", accuracies[-1], "rises", at_least=0.09 if page.quick else 0.65)
    with page.picture("ch04-differences", columns=2) as (left, right):
        left.plot(losses)
        left.set(xlabel="steps", ylabel="loss")
        right.plot(accuracies)
        right.set(xlabel="steps", ylabel="test accuracy", ylim=(0, 1))
