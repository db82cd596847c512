"""Batch normalisation against none, over sixteen scales of the initial weights.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 6.3
"""

from __future__ import annotations

import numpy as np

from pellucid.book import SGD, MultiLayerNetExtend, load_mnist
from pellucid.book.chapters.page import Page
from pellucid.book.steps import Steps

SEEDS = 3


def run(page: Page) -> None:
    # A thousand images, twenty epochs, five hidden layers, and initial weights from far too large to far too small.
    (x, t), _ = load_mnist(normalize=True)
    x, t = x[:1000], t[:1000]
    scales = np.logspace(0, -4, num=16)
    chosen, epochs = (scales[::5], 15) if page.quick else (scales, 20)
    curves = [(scale, *(_learn(x, t, scale, use, page.seed, epochs) for use in (False, True))) for scale in chosen]

    # With batch normalisation nearly all of them learn; without it only those whose scale happens to fit. To learn
    # means here: to get three times as many right as guessing does.
    plain = sum(without[-1] > 0.3 for _, without, _ in curves)
    normalised = sum(with_it[-1] > 0.3 for _, _, with_it in curves)
    page.beside("scales that learn, with batch norm", normalised, "nearly all", at_least=len(chosen) * 0.75)
    page.beside("scales that learn, without", plain, "few", at_most=normalised - 1)
    ahead = [f"{scale:.2g}" for scale, without, with_it in curves if without[-1] > with_it[-1]]
    if ahead:
        page.note(
            f"where the scale fits ({', '.join(ahead)}), the network without batch norm is ahead after {epochs} epochs"
        )
    rows, columns = (2, 2) if page.quick else (4, 4)
    with page.picture("ch06-batch-norm", rows=rows, columns=columns, width=3) as axes:
        for ax, (scale, without, with_it) in zip(axes.ravel(), curves, strict=True):
            ax.plot(with_it, label="batch norm")
            ax.plot(without, "--", label="without")
            ax.set(title=f"scale {scale:.2g}", ylim=(0, 1.02))
        for ax in axes[-1]:
            ax.set(xlabel="epochs")
        for ax in axes[:, 0]:
            ax.set(ylabel="accuracy")
        axes.ravel()[0].legend(loc="upper left")


def _learn(x, t, scale, use_batchnorm, seed, epochs):
    """The accuracy after each epoch."""
    np.random.seed(seed)
    network = MultiLayerNetExtend(784, [100] * 5, 10, weight_init_std=scale, use_batchnorm=use_batchnorm)
    for key, array in network.params.items():
        network.params[key] = array.astype(np.float32)  # as the images are
    steps, found = Steps(network, SGD(lr=0.01)), []
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(epochs):
            rows = np.stack([np.random.choice(len(x), 100) for _ in range(len(x) // 100)])
            steps.run(x, t, rows)
            found.append(network.accuracy(x, t))
    return np.array(found)
