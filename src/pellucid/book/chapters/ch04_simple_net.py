"""The first gradient of a network: six weights.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 4.4
"""

from __future__ import annotations

import numpy as np

from pellucid.book import numerical_gradient, simpleNet
from pellucid.book.chapters.page import Page


def run(page: Page) -> None:
    # Two inputs, three classes, one matrix. These are the weights that the book happened to draw.
    net = simpleNet()
    net.W = np.array([[0.47355232, 0.9977393, 0.84668094], [0.85557411, 0.03563661, 0.69422093]])
    x, t = np.array([0.6, 0.9]), np.array([0, 0, 1])
    page.beside("scores", net.predict(x), [1.05414809, 0.63071653, 1.1328074], within=5e-8)
    page.beside("loss", net.loss(x, t), 0.92806853663411326, within=1e-6)

    # The gradient says of each weight how the loss changes with it: the third column is below 0, so that these
    # weights should grow, and the score of the right class with them.
    dW = numerical_gradient(lambda _: net.loss(x, t), net.W)
    book = [[0.21924763, 0.14356247, -0.36281009], [0.32887144, 0.2153437, -0.54421514]]
    page.beside("gradient", dW.round(8).tolist(), book, within=1e-6)
