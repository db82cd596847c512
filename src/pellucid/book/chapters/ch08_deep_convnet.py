"""DeepConvNet learns MNIST, and the images that it still gets wrong.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 8.1
"""

from __future__ import annotations

import time

import numpy as np

from pellucid.book import Adam, DeepConvNet, load_mnist
from pellucid.book.chapters.page import Page


def run(page: Page) -> None:
    # Six convolutions of 3×3 with ReLUs, two Affine layers behind them, and dropout; Adam, batches of 100, 20 epochs.
    _, (x, t) = load_mnist(flatten=False)
    x, t = (x[:500], t[:500]) if page.quick else (x, t)
    start = time.perf_counter()
    steps = 60 if page.quick else 12_000
    network = teach(page.seed, steps)
    print(f"{steps} steps in {time.perf_counter() - start:.0f} s")
    guesses = np.concatenate([network.predict(x[i : i + 100]) for i in range(0, len(x), 100)]).argmax(axis=1)
    page.beside("test accuracy", float(np.mean(guesses == t)), 0.9938, at_least=0.5 if page.quick else 0.99)

    # What took minutes to learn is kept in a file, from which network.load_params takes it again.
    page.folder.mkdir(parents=True, exist_ok=True)
    file = page.folder / weights_name(page)
    network.save_params(file)
    print(f"weights: {file}")

    # Among the few that it gets wrong are some that one could not read oneself.
    with page.picture("ch08-deep-convnet", rows=4, columns=5, width=1.4) as axes:
        for ax, i in zip(axes.ravel(), np.flatnonzero(guesses != t), strict=False):
            ax.imshow(x[i, 0], cmap="gray_r")
            ax.set(title=f"{t[i]}, read as {guesses[i]}")
        for ax in axes.ravel():
            ax.axis("off")


def weights_name(page: Page) -> str:
    """The book's, or another where there is less to keep."""
    return "deep_convnet_quick.pkl" if page.quick else "deep_convnet_params.pkl"


def teach(seed: int, steps: int, kind: type[DeepConvNet] = DeepConvNet) -> DeepConvNet:
    """A network that has seen so many batches of 100. In float32, as the images are."""
    (x, t), _ = load_mnist(flatten=False)
    np.random.seed(seed)
    network, optimizer = kind(), Adam(lr=0.001)
    for key, array in network.params.items():
        network.params[key] = array.astype(np.float32)
    for _ in range(steps):
        chosen = np.random.choice(len(x), 100)
        optimizer.update(network.params, network.gradient(x[chosen], t[chosen]))
    return network
