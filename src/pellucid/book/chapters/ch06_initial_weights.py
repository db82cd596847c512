"""Initial weights compared on MNIST: 0.01, Xavier, He.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 6.2.4
"""

from __future__ import annotations

import numpy as np

from pellucid.book import SGD, MultiLayerNet, load_mnist, smooth_curve
from pellucid.book.chapters.page import Page
from pellucid.book.steps import Steps

SEEDS = 3


def run(page: Page) -> None:
    # Five layers of ReLU under SGD. With a standard deviation of 0.01 hardly anything gets through five layers, and
    # hardly any gradient gets back: nothing is learned. He's weights are made for ReLU, Xavier's for the sigmoid.
    (x, t), _ = load_mnist(normalize=True)
    count = 500 if page.quick else 2_000
    losses = {}
    for name, std in {"std=0.01": 0.01, "Xavier": "sigmoid", "He": "relu"}.items():
        np.random.seed(page.seed)
        network = MultiLayerNet(784, [100, 100, 100, 100], 10, weight_init_std=std)
        for key, array in network.params.items():
            network.params[key] = array.astype(np.float32)  # as the images are
        rows = np.stack([np.random.choice(len(x), 128) for _ in range(count)])
        losses[name] = np.array(Steps(network, SGD(lr=0.01)).run(x, t, rows))

    last = {name: float(column[-count // 10 :].mean()) for name, column in losses.items()}
    page.beside("loss with 0.01", round(last["std=0.01"], 3), "2.3, as at the start", at_least=2.2)
    page.beside("loss with Xavier's", round(last["Xavier"], 3), "falls", at_most=1.2)
    page.beside("loss with He's", round(last["He"], 3), "falls fastest", at_most=last["Xavier"])
    with page.picture("ch06-initial-weights") as ax:
        for name, column in losses.items():
            ax.plot(smooth_curve(column), label=name)
        ax.set(xlabel="steps", ylabel="loss", ylim=(0, 2.5))
        ax.legend()
