"""Batch normalisation's gradients checked: on one image the check says nothing, on ten it does.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 6.3
"""

from __future__ import annotations

import numpy as np

from pellucid import nn
from pellucid.book import BatchNormalization, MultiLayerNetExtend, load_mnist
from pellucid.book.chapters.page import Page

SEEDS = 3


def run(page: Page) -> None:
    # Two hidden layers of 100, each normalised, and the gradient by every parameter in both ways: backwards, and by
    # differences. The book's program does so with a batch of one image.
    backwards, differences = _both_ways(page.seed, images=1)

    # A batch of one is its own mean: normalised, it is 0 whatever the weights are. Nothing in front of it has any say.
    blind = [key for key in backwards if key not in ("b3", "beta2")]
    largest = max(float(np.abs(way[key]).max()) for way in (backwards, differences) for key in blind)
    page.beside("one image: the largest gradient of W1, W2, W3 and the norms", largest, 0, within=0)

    # Zeros agree with zeros, and so would a gradient that is ten times too large.
    wrong = max(float(np.abs(10 * backwards[key] - differences[key]).max()) for key in blind)
    page.beside("one image: how far a wrong gradient seems to be off", wrong, 0, within=0)
    page.note(
        "the book's check of batch normalisation takes one image, and so compares zeros with zeros; ten images show "
        "what it was meant to show"
    )
    off = float(np.abs(backwards["beta2"] - differences["beta2"]).max())
    page.beside("one image: beta2, whose ReLU stands at 0 exactly", round(off, 3), "a difference", at_least=0.01)
    page.note(
        "at its kink a ReLU has no slope: backwards it counts as 0, and a difference, half of whose way is uphill, "
        "finds one half; with one image all of beta2 stands there"
    )

    # Ten images differ from their mean, and now the two ways agree in what is far from 0, up to the 1e-7 that the loss
    # adds to each probability.
    backwards, differences = _both_ways(page.seed, images=10)
    for key, slope in backwards.items():
        print(f"{key}: {np.abs(slope).mean():.1e} on average, off by {np.abs(slope - differences[key]).mean():.1e}")
    heard = [key for key in backwards if key not in ("b1", "b2")]
    smallest = min(float(np.abs(backwards[key]).mean()) for key in heard)
    page.beside("ten images: the smallest mean gradient", round(smallest, 4), "not 0", at_least=0.005)
    off = max(float(np.abs(backwards[key] - differences[key]).mean()) for key in backwards)
    page.beside("ten images: the largest mean difference", off, "nearly 0", at_most=1e-4)

    # What is added to all images alike goes away with their mean: the biases in front of a batch norm do nothing.
    biases = max(float(np.abs(backwards[key]).max()) for key in ("b1", "b2"))
    page.beside("ten images: the largest gradient of b1 and b2", biases, "nearly 0", at_most=1e-12)

    # Behind a convolution the book's layer takes every pixel of every channel for a number of its own, where the
    # inventors share a mean, a variance, a gamma and a beta over a channel's pixels, since one filter made them all.
    x = np.random.randn(10, 16, 28, 28)
    layer = BatchNormalization(gamma=1.0, beta=0.0)
    layer.forward(x)
    page.beside("16 channels of 28×28: means of the book's layer", np.size(layer.running_mean), 16 * 28 * 28, within=0)
    page.beside("and of nn.BatchNorm2d", len(nn.BatchNorm2d(16).state_dict()["running_mean"]), 16, within=0)
    page.note(
        "a convolution's batch norm is per pixel and channel in the book's layer; nn.BatchNorm2d has it per channel"
    )


def _both_ways(seed: int, images: int):
    (x, t), _ = load_mnist(normalize=True, one_hot_label=True)
    np.random.seed(seed)
    network = MultiLayerNetExtend(784, [100, 100], 10, use_batchnorm=True)
    differences = network.numerical_gradient(x[:images], t[:images])
    return network.gradient(x[:images], t[:images]), differences
