"""A convolution by hand: filter, padding, stride, channels, and the pooling behind it.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, sections 7.2 and 7.3
"""

from __future__ import annotations

import numpy as np

from pellucid.book import Convolution, Pooling, conv_output_size
from pellucid.book.chapters.page import Page

IMAGE = np.array([[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1.0]])
FILTER = np.array([[2, 0, 1], [0, 1, 2], [1, 0, 2.0]])
WIDE = np.array([[(j - i) % 4 for j in range(1, 8)] for i in range(7)], dtype=float)  # the same rows, 7×7


def run(page: Page) -> None:
    # A filter lies on a part of the image. Each of its numbers is multiplied by the pixel below it, and the products
    # are added up; then the filter moves on. A bias is one number for the whole filter.
    page.beside("by hand", convolve(IMAGE, FILTER).tolist(), [[15, 16], [6, 15]], within=0)
    layer = Convolution(FILTER[None, None], np.array([3.0]))
    page.beside(
        "by a layer, with a bias of 3",
        layer.forward(IMAGE[None, None])[0, 0].tolist(),
        [[18, 19], [9, 18]],
        within=1e-12,
    )

    # Zeros around the image, the padding, keep its size: 4×4 stay 4×4. In the middle is what came out without it.
    padded = convolve(IMAGE, FILTER, pad=1)
    book = [[7, 12, 10, 2], [4, 15, 16, 10], [10, 6, 15, 6], [8, 10, 4, 3]]
    page.beside("with padding 1", padded.tolist(), book, within=0)

    # With a stride of 2 the filter goes two pixels at a time, and the output has about half the size.
    strided = convolve(WIDE, FILTER, stride=2)
    page.beside("7×7 with stride 2", strided.shape, (3, 3), within=0)
    page.beside("its first two numbers", strided[0, :2].tolist(), [15, 17], within=0)

    # How large: (H + 2·padding - filter's height) / stride + 1, and the same for the width.
    page.beside("4×4, filter 3, padding 1", int(conv_output_size(4, 3, pad=1)), 4, within=0)
    page.beside("7×7, filter 3, stride 2", int(conv_output_size(7, 3, stride=2)), 3, within=0)
    sides = [int(conv_output_size(n, 5, stride=3, pad=2)) for n in (28, 31)]
    page.beside("28×31, filter 5, stride 3, padding 2", sides, [10, 11], within=0)

    # A coloured image has three channels, and so has the filter; what the three give is added up to one number. Two
    # such filters make two channels of output: W has the shape (filters, channels, height, width).
    x = np.random.default_rng(page.seed).integers(0, 4, (3, 7, 7))
    W = np.random.default_rng(1).integers(0, 3, (2, 3, 3, 3))
    by_hand = [sum(convolve(*pair, stride=2, pad=1) for pair in zip(x, w, strict=True)) for w in W]
    by_layer = Convolution(W.astype(float), np.zeros(2), stride=2, pad=1).forward(x[None].astype(float))[0]
    page.beside("3 channels, 2 filters", by_layer.shape, (2, 4, 4), within=0)
    page.beside("the layer less by hand", float(np.abs(by_layer - by_hand).max()), 0, within=1e-12)

    # Pooling keeps the largest of each 2×2: what moves by a pixel often gives the same.
    numbers = np.array([[1, 2, 1, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 4, 0, 1.0]])
    largest = Pooling(2, 2, stride=2).forward(numbers[None, None])
    page.beside("the largest of each 2×2", largest[0, 0].tolist(), [[2, 3], [4, 2]], within=0)

    with page.picture("ch07-convolution", columns=5, width=2.6) as axes:
        pictures = {"image": IMAGE, "filter": FILTER, "filtered": convolve(IMAGE, FILTER), "with padding 1": padded}
        for ax, (name, values) in zip(axes, {**pictures, "7×7 with stride 2": strided}.items(), strict=True):
            _draw(ax, name, values)


def convolve(x, W, stride=1, pad=0):
    """Product by product, sum by sum."""
    x = np.pad(x, pad)
    rows, columns = ((n - k) // stride + 1 for n, k in zip(x.shape, W.shape, strict=True))
    out = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            out[i, j] = np.sum(x[top : top + W.shape[0], left : left + W.shape[1]] * W)
    return out


def _draw(ax, name, values) -> None:
    ax.imshow(values, cmap="Blues", vmin=0, vmax=1.5 * values.max())
    for (i, j), value in np.ndenumerate(values):
        ax.text(j, i, f"{value:g}", ha="center", va="center")
    ax.set(title=name, xticks=[], yticks=[])
