"""Early layers learn slowly: the length of the gradient, layer by layer.

Reference: M. Nielsen, "Neural Networks and Deep Learning", 2015, chapter 5
"""

from __future__ import annotations

import numpy as np

from pellucid.book import load_data_wrapper
from pellucid.book.chapters.page import Page
from pellucid.book.nielsen.network2 import Network

SEEDS = 5
ETA, LAMBDA = 0.1, 5.0

# What the book prints for the start, one hidden layer after the other.
BOOK = {2: [0.07, 0.31], 3: [0.012, 0.060, 0.283], 4: [0.003, 0.017, 0.070, 0.285]}


def run(page: Page) -> None:
    # The slopes of the cost by a layer's biases say how fast the layer learns. Each step goes down the gradient of
    # all 1,000 images, so that no chance of a mini-batch hides the differences.
    training_data, _, _ = load_data_wrapper()
    images, epochs = training_data[:1000], 20 if page.quick else 500
    speeds = {}
    for layers in BOOK:
        np.random.seed(page.seed)
        net = Network([784, *[30] * layers, 10])
        speeds[layers] = np.array([_step(net, images) for _ in range(epochs)])

    # What comes back to an early layer has gone through the slopes of all later ones, none of which is above 1/4, and
    # through their weights, most of which are below 1: it vanishes.
    for layers, book in BOOK.items():
        start = speeds[layers][0]
        page.beside(f"gradients of {layers} hidden layers at the start", np.round(start, 3), book)
        page.beside("each is so many times the one before", np.round(start[1:] / start[:-1], 1), "4 to 6", at_least=2)

    # So it stays while they learn.
    slower = np.mean([np.all(np.diff(lengths) > 0, axis=1).mean() for lengths in speeds.values()])
    page.beside("share of the epochs in which each layer is slower than the next", slower, "nearly all", at_least=0.9)
    with page.picture("nielsen-5-gradients", columns=3, width=4) as axes:
        for ax, (layers, lengths) in zip(axes, speeds.items(), strict=True):
            for i, column in enumerate(lengths.T, 1):
                ax.plot(column, label=f"hidden layer {i}")
            ax.set(title=f"{layers} hidden layers", xlabel="epochs", ylabel="length of the gradient", yscale="log")
            ax.legend(fontsize="small")


def _step(net, images):
    """Take a step down the gradient of all images; gives the gradient's length in each hidden layer's biases."""
    before = net.biases
    net.update_mini_batch(images, ETA, LAMBDA, len(images))
    # Biases do not decay: what they have changed by is the learning rate times the gradient.
    return [np.linalg.norm(a - b) / ETA for a, b in zip(before[:-1], net.biases[:-1], strict=True)]
