"""A convolution by hand, its sizes, and images laid out as a matrix.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, sections 7.2 and 7.4
"""

from __future__ import annotations

import numpy as np

from pellucid.book import Convolution, Pooling, conv_output_size, im2col
from pellucid.book.chapters.page import Page

IMAGE = np.array([[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1.0]])
FILTER = np.array([[2, 0, 1], [0, 1, 2], [1, 0, 2.0]])


def run(page: Page) -> None:
    # A filter lies on a part of the image; what lies on each other is multiplied and added up; then it moves on.
    x, W = IMAGE[None, None], FILTER[None, None]
    by_hand = [[float(np.sum(IMAGE[i : i + 3, j : j + 3] * FILTER)) for j in range(2)] for i in range(2)]
    page.beside("by hand", by_hand, [[15, 16], [6, 15]], within=0)
    page.beside(
        "by a layer, with a bias of 3",
        Convolution(W, np.array([3.0])).forward(x)[0, 0].tolist(),
        [[18, 19], [9, 18]],
        within=1e-12,
    )

    # Padding puts zeros around, a stride leaves places out, and both decide how large the output is.
    page.beside("7×7, filter 3, stride 2", int(conv_output_size(7, 3, stride=2)), 3, within=0)
    page.beside(
        "28×31, filter 5, stride 3, padding 2",
        [int(conv_output_size(n, 5, stride=3, pad=2)) for n in (28, 31)],
        [10, 11],
        within=0,
    )
    padded = Convolution(W, np.zeros(1), pad=1).forward(x)
    page.beside("4×4 with padding 1", padded.shape[2:], (4, 4), within=0)

    # Laid out with one row for each place of the filter, images become a matrix, and the convolution a product.
    page.beside("one image of 3×7×7, filter 5×5", im2col(np.random.rand(1, 3, 7, 7), 5, 5).shape, (9, 75), within=0)
    page.beside("ten of them", im2col(np.random.rand(10, 3, 7, 7), 5, 5).shape, (90, 75), within=0)
    product = im2col(x, 3, 3) @ FILTER.reshape(-1, 1)
    page.beside("as a product", product.ravel().tolist(), [15, 16, 6, 15], within=1e-12)

    # Pooling keeps the largest of each 2×2.
    largest = Pooling(2, 2, stride=2).forward(
        np.array([[1, 2, 1, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 4, 0, 1.0]])[None, None]
    )
    page.beside("the largest of each 2×2", largest[0, 0].tolist(), [[2, 3], [4, 2]], within=0)
