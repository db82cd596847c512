"""Images laid out as a matrix, so that a convolution is one product.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 7.4
"""

from __future__ import annotations

import numpy as np

from pellucid.book import Convolution, col2im, im2col
from pellucid.book.chapters.ch07_convolution import FILTER, IMAGE
from pellucid.book.chapters.page import Page


def run(page: Page) -> None:
    # One row for each place of the filter, and in it what the filter sees there: 3 channels of 5×5 are 75 numbers, and
    # on 7×7 pixels there are 9 places.
    x = np.random.default_rng(page.seed).random((10, 3, 7, 7))
    page.beside("one image of 3×7×7, filter 5×5", im2col(x[:1], 5, 5).shape, (9, 75), within=0)
    page.beside("ten of them", im2col(x, 5, 5).shape, (90, 75), within=0)

    # Then a convolution is a product of matrices: these rows times the filters as columns.
    product = im2col(IMAGE[None, None], 3, 3) @ FILTER.reshape(-1, 1)
    page.beside("4×4 by 3×3, as a product", product.ravel().tolist(), [15, 16, 6, 15], within=1e-12)
    W = np.random.default_rng(1).random((4, 3, 5, 5))
    rows = im2col(x, 5, 5) @ W.reshape(4, -1).T
    images = rows.reshape(10, 3, 3, 4).transpose(0, 3, 1, 2)
    page.beside("filters make channels", images.shape, (10, 4, 3, 3), within=0)
    page.beside(
        "the product less the layer",
        float(np.abs(images - Convolution(W, np.zeros(4)).forward(x)).max()),
        0,
        within=1e-12,
    )

    # The price is room: neighbouring places share pixels, and each has its own copy. Back to an image, col2im adds the
    # copies up, which is what a gradient needs: a pixel that 9 places see comes back nine times as large.
    back = col2im(im2col(np.ones((1, 1, 7, 7)), 5, 5), (1, 1, 7, 7), 5, 5)
    page.beside("copies of a corner and of the middle", back[0, 0, [0, 3], [0, 3]].tolist(), [1, 9], within=1e-12)
