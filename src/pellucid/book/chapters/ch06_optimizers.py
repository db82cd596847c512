"""The four optimisers on MNIST.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 6.1.8
"""

from __future__ import annotations

import numpy as np

from pellucid.book import SGD, AdaGrad, Adam, Momentum, MultiLayerNet, load_mnist, smooth_curve
from pellucid.book.chapters.page import Page
from pellucid.book.steps import Steps

SEEDS = 3


def run(page: Page) -> None:
    # Five layers, 2,000 mini-batches of 128 images, and the rates that the book has: 0.001 for Adam, 0.01 else.
    (x, t), _ = load_mnist(normalize=True)
    count = 250 if page.quick else 2_000
    losses = {}
    for optimizer in (SGD(), Momentum(), AdaGrad(), Adam()):
        np.random.seed(page.seed)
        network = MultiLayerNet(input_size=784, hidden_size_list=[100, 100, 100, 100], output_size=10)
        for key, array in network.params.items():
            network.params[key] = array.astype(np.float32)  # as the images are
        rows = np.stack([np.random.choice(len(x), 128) for _ in range(count)])
        losses[type(optimizer).__name__] = np.array(Steps(network, optimizer).run(x, t, rows))

    # SGD comes last by far; which of the others leads depends on their rates and on the network.
    last = {name: float(column[-count // 10 :].mean()) for name, column in losses.items()}
    for name, loss in last.items():
        print(f"{name}: a loss of {loss:.3f} at the end")
    slower = min(last["SGD"] / loss for name, loss in last.items() if name != "SGD")
    page.beside("SGD's loss, divided by the next largest", round(slower, 2), "the slowest of the four", at_least=1.2)
    with page.picture("ch06-optimizers") as ax:
        for name, column in losses.items():
            ax.plot(smooth_curve(column), label=name)
        ax.set(xlabel="steps", ylabel="loss", ylim=(0, 1))
        ax.legend()
