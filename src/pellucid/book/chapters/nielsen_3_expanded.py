"""More training images: from 100 to 50,000, and to 250,000 by moving each by a pixel.

Reference: M. Nielsen, "Neural Networks and Deep Learning", 2015, chapter 3
"""

from __future__ import annotations

import io
import random
from contextlib import redirect_stdout

import numpy as np

from pellucid.book import load_data_wrapper
from pellucid.book.chapters.page import Page
from pellucid.book.nielsen import network2
from pellucid.book.nielsen.expand_mnist import expand_mnist

SIZES = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
BOOK = [69.09, 76.37, 85.29, 88.85, 91.27, 93.24, 94.89, 95.85, 95.97]  # what its figure was drawn from


def run(page: Page) -> None:
    # Fewer images are seen in more epochs, so that each network takes as many steps; λ goes with the number, so that
    # each step shrinks the weights as much.
    training_data, validation_data, _ = load_data_wrapper()
    sizes, epochs = (SIZES[:5], 4) if page.quick else (SIZES, 30)
    everything = training_data[: sizes[-1]]
    right = []
    for n in sizes:
        net = _learn(page.seed, 30, everything[:n], epochs * len(everything) // n, 0.5)
        right.append(net.accuracy(validation_data) / 100)
        print(f"{n} images: {right[-1]:.2f} % right")
    page.beside(
        f"per cent right with {', '.join(map(str, sizes))} images",
        np.array(right),
        np.array(BOOK[: len(sizes)]),
        within=4 if page.quick else 2,
    )

    # A 7 that is moved by a pixel is a 7 still, and yet other pixels: five times as many images for nothing. A larger
    # network has more use for them.
    random.seed(page.seed)
    moved = expand_mnist(everything)
    plain, more = (
        _learn(page.seed, 100, data, epochs, 0.1).accuracy(validation_data) / 100 for data in (everything, moved)
    )
    name, least = f"100 hidden neurons, {len(everything)} images: per cent right", 75 if page.quick else 97.6
    page.beside(name, plain, "97.92", at_least=least)
    page.beside(f"the same, {len(moved)} images", more, "expanding pays", at_least=plain + 0.1)
    page.note(
        "chapter 3 draws the first curve, of networks with large initial weights, and tells how others expanded their "
        "data; images moved by a pixel come in chapter 6, for networks with convolutions"
    )
    with page.picture("nielsen-3-expanded") as ax:
        ax.semilogx(sizes, right, "o-", label="30 hidden neurons")
        ax.semilogx(
            [len(everything), len(moved)],
            [plain, more],
            "s--",
            label="100 hidden neurons, images as they are and moved",
        )
        ax.set(xlabel="training images", ylabel="per cent of the validation images right")
        ax.legend(loc="lower right", fontsize="small")


def _learn(seed, hidden, training_data, epochs, eta):
    """A network trained under L2."""
    np.random.seed(seed)
    random.seed(seed)
    net = network2.Network([784, hidden, 10])
    with redirect_stdout(io.StringIO()):  # a line an epoch
        net.SGD(training_data, epochs, 10, eta, lmbda=5.0 * len(training_data) / 50_000)
    return net
