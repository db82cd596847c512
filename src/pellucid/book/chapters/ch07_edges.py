"""Edges found by filters: two that are made by hand, and those that a network has learned.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 7.6
"""

from __future__ import annotations

import numpy as np

from pellucid.book import Adam, Convolution, SimpleConvNet, load_mnist
from pellucid.book.chapters.page import Page
from pellucid.book.steps import Steps

SEEDS = 3

VERTICAL = np.array([[-1.0, 0.0, 1.0]] * 3)
HORIZONTAL = VERTICAL.T


def run(page: Page) -> None:
    # Left of a vertical edge there is paper, right of it ink. A filter that takes the left from the right gives 0
    # where both are alike, and 3 where its left column is on paper and its right one on ink.
    upright = np.repeat([[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]], 6, axis=0)
    lying = upright.T
    page.beside("vertical filter, vertical edge", _filtered(upright, VERTICAL)[0].tolist(), [0, 3, 3, 0], within=0)
    page.beside("vertical filter, horizontal edge", float(np.abs(_filtered(lying, VERTICAL)).max()), 0, within=0)
    page.beside(
        "horizontal filter, horizontal edge", _filtered(lying, HORIZONTAL)[:, 0].tolist(), [0, 3, 3, 0], within=0
    )
    page.beside("horizontal filter, vertical edge", float(np.abs(_filtered(upright, HORIZONTAL)).max()), 0, within=0)

    # A network is never told to look for edges. Yet its filters, which begin as noise, turn into slopes: dark on one
    # side and bright on the other, as the two by hand are.
    before, after = _taught(page.seed, 0), _taught(page.seed, 100 if page.quick else 1_200)
    noise, learned = (round(float(_slopes(W).sum(axis=0).mean()), 3) for W in (before, after))
    page.beside("share of a filter that is a slope, before", noise, "noise", at_most=0.15)
    page.beside("the same, after learning", learned, "edges and blobs", at_least=0.22)

    # Of the learned filters we take the one that slopes most from left to right, and the one that slopes most from top
    # to bottom. In a picture that is no digit each finds the edges that the filter made by hand finds.
    upright, lying = (after[i] for i in _slopes(after).argmax(axis=1))
    page.note(
        "the book shows two filters of its own network on a photograph; ours see a drawn picture, and our network has "
        "learned for two epochs at most"
    )
    filters = {
        "by hand, vertical": VERTICAL,
        "by hand, horizontal": HORIZONTAL,
        "learned, vertical": upright,
        "learned, horizontal": lying,
    }
    picture = _drawn()
    with page.picture("ch07-edges", rows=2, columns=5, width=2.6) as axes:
        axes[0, 0].imshow(picture, cmap="gray_r")
        axes[0, 0].set(title="picture")
        for column, (name, W) in zip(axes.T[1:], filters.items(), strict=True):
            column[0].imshow(W, cmap="gray_r")
            column[0].set(title=name)
            column[1].imshow(_filtered(picture, W), cmap="gray_r")
        for ax in axes.ravel():
            ax.set(xticks=[], yticks=[])
        axes[0, 1].set_ylabel("filter")
        axes[1, 1].set_ylabel("what it finds")
        axes[1, 0].axis("off")


def _filtered(image, W):
    return Convolution(W[None, None], np.zeros(1)).forward(image[None, None])[0, 0]


def _slopes(filters):
    """Which share of each filter is a slope from left to right, and from top to bottom: cos² of the angle to one.

    Of noise in 5×5 each is 1/24 on average.
    """
    slope = np.tile(np.arange(-2.0, 3.0), (5, 1))
    changes = filters - filters.mean(axis=(1, 2), keepdims=True)
    lengths = np.sum(changes**2, axis=(1, 2)) * np.sum(slope**2)
    return np.array([np.sum(changes * s, axis=(1, 2)) ** 2 / lengths for s in (slope, slope.T)])


def _drawn():
    """A frame, a disc and a triangle."""
    i, j = np.mgrid[:72, :72]
    frame = (abs(i - 18) < 12) & (abs(j - 18) < 12) & ~((abs(i - 18) < 7) & (abs(j - 18) < 7))
    disc = (i - 18) ** 2 + (j - 52) ** 2 < 150
    triangle = (i > 40) & (i < 64) & (abs(j - 36) < (i - 40))
    return (frame | disc | triangle).astype(float)


def _taught(seed: int, steps: int):
    """The first layer's filters after so many batches of 100 images."""
    (x, t), _ = load_mnist(flatten=False)
    np.random.seed(seed)
    network = SimpleConvNet()
    for key, array in network.params.items():
        network.params[key] = array.astype(np.float32)
    Steps(network, Adam(lr=0.001)).run(x, t, np.random.choice(len(x), (steps, 100)))
    return network.params["W1"][:, 0]
