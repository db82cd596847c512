"""Handwritten digits: what they look like, and a network with ready weights that reads them.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 3.6
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from pellucid.book import Adam, MultiLayerNet, load_mnist, load_params, save_params
from pellucid.book.chapters.page import Page
from pellucid.book.networks.three_layer import predict
from pellucid.book.steps import Steps

SEEDS = 3


def run(page: Page) -> None:
    # An image is a row of 784 numbers from 0 (paper) to 1 (ink); 28 of them make a line of the picture.
    (x_train, t_train), (x, t) = load_mnist(normalize=True, flatten=True)
    page.beside("numbers in an image", x_train[0].shape, (784,), within=0)
    page.beside("label of the first image", int(t_train[0]), 5, within=0)
    with page.picture("ch03-mnist", rows=3, columns=10, width=0.9) as axes:
        for ax, image, label in zip(axes.ravel(), x_train, t_train, strict=False):
            ax.imshow(image.reshape(28, 28), cmap="gray_r")
            ax.set(xticks=[], yticks=[], title=label)

    # Three layers, 784 to 50 to 100 to 10. How to learn is chapter 4's; here the weights come ready, from a file.
    file = page.folder / "ch03-weights.pkl"
    _learn(x_train, t_train, file, page)
    network = load_params(file)
    print({key: array.shape for key, array in network.items()})
    page.note(
        "the weights are our own, learned in a few seconds, because the book's file sample_weight.pkl is part of its "
        'programs and not of this one; whoever has it can read it with load_params("sample_weight.pkl")'
    )

    # Image by image: ten probabilities, and the largest is the answer.
    x, t = (x[:1_000], t[:1_000]) if page.quick else (x, t)
    start = time.perf_counter()
    one_by_one = sum(int(np.argmax(predict(network, image)) == label) for image, label in zip(x, t, strict=True))
    seconds = time.perf_counter() - start
    page.beside("share of digits read right", one_by_one / len(x), 0.9352, at_least=0.85 if page.quick else 0.93)

    # A hundred images at once are a matrix of a hundred rows. The answers are the same; they come sooner, because one
    # large product takes less than a hundred small ones.
    start = time.perf_counter()
    in_batches = 0
    for i in range(0, len(x), 100):
        answers = np.argmax(predict(network, x[i : i + 100]), axis=1)
        in_batches += int(np.sum(answers == t[i : i + 100]))
    print(f"{seconds:.3f} s one by one, {time.perf_counter() - start:.3f} s in batches of 100")
    page.beside("how many more in batches", in_batches - one_by_one, 0, within=0)


def _learn(x: np.ndarray, t: np.ndarray, file: Path, page: Page) -> None:
    """A weight file of the book's kind."""
    np.random.seed(page.seed)
    network = MultiLayerNet(784, [50, 100], 10, activation="sigmoid", weight_init_std="xavier")
    rows = np.random.choice(len(x), (600 if page.quick else 3_000, 100))
    Steps(network, Adam(lr=0.001)).run(x, t, rows)
    save_params({key: array.astype(np.float32) for key, array in network.params.items()}, file)
