"""SimpleConvNet learns MNIST, and what its filters look like before and after.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, sections 7.5 and 7.6
"""

from __future__ import annotations

import time

import numpy as np

from pellucid.book import SimpleConvNet, Trainer, load_mnist
from pellucid.book.chapters.page import Page

SEEDS = 3


def run(page: Page) -> None:
    # One convolution of 30 filters, pooling, and two Affine layers behind them; Adam, batches of 100, 20 epochs.
    (x_train, t_train), (x_test, t_test) = load_mnist(flatten=False)
    epochs = 20
    if page.quick:
        x_train, t_train, x_test, t_test, epochs = x_train[:20_000], t_train[:20_000], x_test[:2_000], t_test[:2_000], 2
    np.random.seed(page.seed)
    network = SimpleConvNet()
    before = network.params["W1"].copy()
    for key, array in network.params.items():
        network.params[key] = array.astype(np.float32)
    trainer = Trainer(
        *(network, x_train, t_train, x_test, t_test),
        epochs=epochs,
        optimizer="Adam",
        optimizer_param={"lr": 0.001},
        evaluate_sample_num_per_epoch=1000,
        verbose=False,
    )
    start = time.perf_counter()
    trainer.train()
    print(f"{trainer.max_iter} steps in {time.perf_counter() - start:.0f} s")
    page.beside("test accuracy", network.accuracy(x_test, t_test), "0.9882", at_least=0.92 if page.quick else 0.985)

    # The filters begin as noise and become small pictures: edges, blobs, a bright side and a dark one.
    for name, W in (("before", before), ("after", network.params["W1"])):
        with page.picture(f"ch07-filters-{name}", rows=3, columns=10, width=0.9) as axes:
            for ax, pixels in zip(axes.ravel(), W[:, 0], strict=True):
                ax.imshow(pixels, cmap="gray_r")
                ax.set(xticks=[], yticks=[])
            axes[0, 0].figure.suptitle(f"the 30 filters {name} learning")
    with page.picture("ch07-train") as ax:
        ax.plot(trainer.train_acc_list, marker="o", label="train")
        ax.plot(trainer.test_acc_list, marker="s", linestyle="--", label="test")
        ax.set(xlabel="epochs", ylabel="accuracy", ylim=(0, 1.02))
        ax.locator_params(axis="x", integer=True)
        ax.legend(loc="lower right")
