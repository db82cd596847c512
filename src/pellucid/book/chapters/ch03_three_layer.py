"""A network of three layers, computed forwards by hand.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 3.4
"""

from __future__ import annotations

import numpy as np

from pellucid.book import identity_function, sigmoid
from pellucid.book.chapters.page import Page
from pellucid.book.networks.three_layer import forward, init_network


def run(page: Page) -> None:
    # A layer is a product with a matrix, a bias, and a function of each number: 2 inputs, 3 and 2 hidden numbers,
    # 2 outputs.
    network = init_network()
    x = np.array([1.0, 0.5])
    a1 = np.dot(x, network["W1"]) + network["b1"]
    z1 = sigmoid(a1)
    a2 = np.dot(z1, network["W2"]) + network["b2"]
    z2 = sigmoid(a2)
    a3 = np.dot(z2, network["W3"]) + network["b3"]
    y = identity_function(a3)
    page.beside("first layer's sums", a1, [0.3, 0.7, 1.1], within=1e-12)
    page.beside("first layer's outputs", z1, [0.57444252, 0.66818777, 0.75026011], within=5e-9)
    page.beside("the network's outputs", y, [0.31682708, 0.69627909], within=5e-9)

    # The same in one call, for one example or for many: a batch is more rows.
    page.beside("all at once", forward(network, np.stack([x, x]))[1], [0.31682708, 0.69627909], within=5e-9)
