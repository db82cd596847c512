"""Two convolutions of 3×3 see what one of 5×5 sees, with fewer weights; three see 7×7.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 8.1.3
"""

from __future__ import annotations

import numpy as np

from pellucid.book import Convolution
from pellucid.book.chapters.page import Page


def run(page: Page) -> None:
    # How much of an image one output sees is found by asking: which pixels change it? Weights of 1 let each through.
    for layers, side in ((1, 3), (2, 5), (3, 7)):
        page.beside(f"pixels across, seen through {layers} of 3×3", _seen(layers), side, within=0)

    # Each 3×3 filter has 9 weights: two have 18 where a 5×5 has 25, three 27 where a 7×7 has 49. And between them
    # there is room for a ReLU, so that the deeper stack can say more with less.
    page.beside("weights of 2 of 3×3, and of 5×5", [_weights(2, side=3), _weights(1, side=5)], [18, 25], within=0)
    page.beside("weights of 3 of 3×3, and of 7×7", [_weights(3, side=3), _weights(1, side=7)], [27, 49], within=0)


def _stack(layers: int, side: int) -> list[Convolution]:
    return [Convolution(np.ones((1, 1, side, side)), np.zeros(1), pad=side // 2) for _ in range(layers)]


def _weights(layers: int, side: int) -> int:
    return sum(layer.W.size for layer in _stack(layers, side))


def _seen(layers: int) -> int:
    """The side of the square of pixels that reach the output in the middle."""
    convolutions = _stack(layers, side=3)
    x = np.zeros((1, 1, 11, 11))
    for layer in convolutions:
        x = layer.forward(x)
    dout = np.zeros(x.shape)
    dout[0, 0, 5, 5] = 1.0
    for layer in reversed(convolutions):
        dout = layer.backward(dout)
    return int(np.count_nonzero(dout[0, 0, 5]))
